# tiller: build, test, install. `make help` lists the targets; `make` alone never installs anything.
VERSION  = 0.1
PREFIX  ?= /usr/local
CC      ?= cc
BUILD   ?= build
# Rooms, ground floor first; ROOMS="base net" builds and tests only those.
ROOMS   ?= base data net space study meta search engine learn tui
ALL_ROOMS = $(ROOMS) cli
OPT     ?= -O2
SANITIZE ?=
WARN     = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wvla
CPPFLAGS += -Iinclude -Isrc -D_GNU_SOURCE -DTILLER_VERSION='"$(VERSION)"' -DTILLER_PREFIX='"$(PREFIX)"'
CFLAGS  += -std=c11 $(OPT) -g $(WARN) $(SANITIZE) -pthread -fno-math-errno
LDFLAGS += $(SANITIZE) -pthread
LDLIBS   = -lncursesw -ltinfo -lopenblas -lcjson -lz -lm
TEST_LDLIBS = -lcmocka -lvterm -lutil

SOURCES  = $(foreach r,$(ALL_ROOMS),$(wildcard src/$(r)/*.c))
LIB_SRC  = $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c))
LIB_OBJ  = $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ  = $(patsubst %.c,$(BUILD)/%.o,src/main.c $(wildcard src/cli/*.c))
TEST_SRC = $(foreach r,$(ALL_ROOMS),$(wildcard tests/$(r)/test_*.c))
TEST_BIN = $(TEST_SRC:%.c=$(BUILD)/%)
ROOM_TEST_BIN = $(foreach r,$(ROOMS),$(patsubst %.c,$(BUILD)/%,$(wildcard tests/$(r)/test_*.c)))
TEST_LIB = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
BENCH_BIN = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))
BENCH_LIB = $(patsubst %,$(BUILD)/tests/bench/%.o,networks products peer)

all: $(BUILD)/tiller ## build the program

$(BUILD)/tiller: $(CLI_OBJ) $(BUILD)/libtiller.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(BUILD)/libtiller.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_LIB) $(BUILD)/libtiller.a
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(TEST_LDLIBS) $(LDLIBS)
$(BUILD)/tests/bench/bench_train: $(BENCH_LIB)
$(BUILD)/tests/bench/peer_fann: tests/bench/peer_fann.c $(BUILD)/libtiller.a
	$(CC) $(CPPFLAGS) -DFANN_VERSION='"$(shell pkg-config --modversion fann)"' $(CFLAGS) $(LDFLAGS) \
	  -o $@ $^ $$(pkg-config --libs fann) $(LDLIBS)
.SECONDARY:

check: $(BUILD)/tiller $(TEST_BIN) check-arrows ## build and run all tests
	@TILLER=$(abspath $(BUILD))/tiller sh tests/run.sh $(TEST_BIN)
check-rooms: $(ROOM_TEST_BIN) ## run the tests of ROOMS only, without the program
	@sh tests/run.sh $(ROOM_TEST_BIN)
check-arrows: ## the arrows between rooms hold; only tui/term*.c knows curses
	@sh tests/arrows.sh
# Faults go to the program's own handlers (they restore the terminal), as without a sanitizer.
check-asan: ## all tests under the address and undefined-behaviour sanitizers
	@ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0 \
	  LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	  $(MAKE) --no-print-directory check BUILD=$(BUILD)-asan OPT=-O1 \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
check-tsan: ## all tests under the thread sanitizer
	@$(MAKE) --no-print-directory check BUILD=$(BUILD)-tsan OPT=-O1 SANITIZE="-fsanitize=thread"

run: all ## build and open the program on data/mnist
	$(BUILD)/tiller run data/mnist
deps: ## install what building needs (Debian, apt)
	@sh tests/deps.sh build
test-deps: ## the same plus what the tests need
	@sh tests/deps.sh build test
peer-deps: ## big optional peers for benchmarks
	@sh tests/deps.sh peer

bench-train: $(BUILD)/tests/bench/bench_train ## training throughput beside peers and the products' limit
	@if pkg-config --exists fann; then $(MAKE) --no-print-directory $(BUILD)/tests/bench/peer_fann; fi
	$(BUILD)/tests/bench/bench_train

bench-transfer: $(BUILD)/tests/bench/bench_transfer ## does starting from another task's weights pay?
	$(BUILD)/tests/bench/bench_transfer

bench-accuracy: $(BUILD)/tiller ## does the convolutional net beat the perceptron?
	sh tests/bench/conv_accuracy.sh $(abspath $(BUILD))/tiller

bench-models: $(BUILD)/tests/bench/bench_models ## portfolio and curve predictor on foreign tables
	$(BUILD)/tests/bench/bench_models

bench-moves: $(BUILD)/tests/bench/bench_moves ## learning tables of moves: RECORDINGS=FOLDER
	$(BUILD)/tests/bench/bench_moves $(RECORDINGS)

bench-proposal: $(BUILD)/tests/bench/bench_proposal ## the agent's time for a proposal, 200 trials, 30 known tasks
	$(BUILD)/tests/bench/bench_proposal

bench-screen: $(BUILD)/tiller $(BENCH_BIN) ## key latency, throughput with the screen open, bytes
	TILLER=$(abspath $(BUILD))/tiller $(BUILD)/tests/bench/bench_screen

format: ## clang-format over all sources
	clang-format -i $(wildcard include/tiller/*.h src/*.c src/*/*.[ch] tests/*/*.[ch])
# One file at a time: in one run of many, version 14 takes every va_list behind the first for unset.
lint: ## clang-format check, clang-tidy, cppcheck
	clang-format --dry-run -Werror $(wildcard include/tiller/*.h src/*.c src/*/*.[ch] tests/*/*.[ch])
	printf '%s\n' src/main.c $(SOURCES) | xargs -P 2 -I '{}' \
	  clang-tidy --quiet --warnings-as-errors='*' '{}' -- $(CPPFLAGS) -std=c11
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
	  --inline-suppr --suppress=missingIncludeSystem --suppress=unknownMacro \
	  $(CPPFLAGS) src

install: all ## install below PREFIX (and DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/tiller $(DESTDIR)$(PREFIX)/bin/tiller
	install -m 644 man/tiller.1 $(DESTDIR)$(PREFIX)/share/man/man1/tiller.1
	for f in $$(find themes data -type f); do \
	  install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/tiller/$$f; done
uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(PREFIX)/bin/tiller $(DESTDIR)$(PREFIX)/share/man/man1/tiller.1 \
	  $(DESTDIR)$(PREFIX)/share/tiller
clean: ## remove all that was built
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all check check-rooms check-arrows check-asan check-tsan run deps test-deps peer-deps \
  bench-train bench-transfer bench-accuracy bench-models bench-moves bench-proposal bench-screen format lint install uninstall \
  clean help
