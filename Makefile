# halfstep. `make help` lists what can be made.

BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc

# Truth: no contraction, no fast-math. -fno-trapping-math lets exact rounding loops become vectors.
TRUTH    = -ffp-contract=off -fno-trapping-math -fno-math-errno
WARNINGS = -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
           -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wdouble-promotion
DEFINES  = -D_GNU_SOURCE -DHALFSTEP_PREFIX='"$(PREFIX)"'
SANITIZE =
OPTIMIZE = -O2 -ftree-vectorize -g
CFLAGS   = -std=c11 $(OPTIMIZE) $(TRUTH) $(WARNINGS) $(SANITIZE) $(EXTRA)
PACKAGES = openblas lua5.4 ncursesw readline zlib
CPPFLAGS = -Isrc $(DEFINES) $(shell pkg-config --cflags openblas lua5.4 2>/dev/null)
LDFLAGS  = $(SANITIZE) -rdynamic
LDLIBS   = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -ldl -lm -pthread

FOLDERS  = base numerics telemetry program amp cpu nn optim data view train repl
sources  = $(shell find src/$(1) -name '*.c' 2>/dev/null | LC_ALL=C sort)
objects  = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
ARCHIVES = $(FOLDERS:%=$(BUILD)/lib%.a)
LINKED   = -Wl,--start-group $(ARCHIVES) -Wl,--end-group

.DEFAULT_GOAL = all
.PHONY: all unit
all: $(BUILD)/halfstep

$(BUILD)/halfstep: $(BUILD)/src/main.o $(ARCHIVES)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LINKED) $(LDLIBS)

define archive
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@mkdir -p $$(@D); rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach folder,$(FOLDERS),$(eval $(call archive,$(folder))))

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# One Criterion program for each folder under tests/unit.
UNITS = $(notdir $(wildcard tests/unit/*))
define unit_program
$(BUILD)/tests/$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/$(1)/*.c)) $(ARCHIVES)
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(LINKED) -lcriterion $(LDLIBS)
unit-$(1): $(BUILD)/tests/$(1)
	$$<
endef
$(foreach unit,$(UNITS),$(eval $(call unit_program,$(unit))))
unit: $(UNITS:%=unit-%)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
