/* What reading and writing a knowledge file share. Private to meta. */
#ifndef TILLER_META_KNOWLEDGE_FILE_H
#define TILLER_META_KNOWLEDGE_FILE_H

#include "tiller/knowledge.h"

#define KNOWLEDGE_FORMAT "tiller knowledge"
enum { KNOWLEDGE_VERSION = 1, KNOWLEDGE_TABLES = 6 };

/* The tables of struct advice that are learnt by replay. */
struct knowledge_table {
    const char *name;
    size_t at; /* offset in struct advice of double [n x width] */
    int n, width;
    double low, high;
};
extern const struct knowledge_table knowledge_table[KNOWLEDGE_TABLES];

#endif
