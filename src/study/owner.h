/* owner: what lock.c needs to know of other owners. */
#ifndef TILLER_STUDY_OWNER_H
#define TILLER_STUDY_OWNER_H

#include <stdbool.h>

enum owner_life { OWNER_ALIVE, OWNER_DEAD, OWNER_UNKNOWN /* another host, or not readable */ };
enum owner_life owner_life(const char *path);
bool owner_is_file(const char *name); /* an owner's or visitor's file, not its link */
/* One at a time looks around, or breaks a lock. Returns a descriptor to close, -1 with errno. */
int owner_lock_door(const char *folder);

#endif
