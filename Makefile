# halfstep. `make help` lists what can be made.

BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc

# Truth: no contraction, no fast-math. -fno-trapping-math lets exact rounding loops become vectors.
TRUTH    = -ffp-contract=off -fno-trapping-math -fno-math-errno
WARNINGS = -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
           -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wdouble-promotion
DEFINES  = -D_GNU_SOURCE
SANITIZE =
OPTIMIZE = -O2 -ftree-vectorize -g
CFLAGS   = -std=c11 $(OPTIMIZE) $(TRUTH) $(WARNINGS) $(SANITIZE) $(EXTRA)

# Lua's pkg-config file goes by other names outside Debian.
LUA     := $(shell for name in lua5.4 lua-5.4 lua54 lua; do \
             pkg-config --exists "$$name >= 5.4 $$name < 5.5" 2>/dev/null && echo $$name && break; \
           done)
PACKAGES = openblas $(LUA) ncursesw readline zlib
INCLUDES := $(shell pkg-config --cflags openblas $(LUA) 2>/dev/null)
LIBS    := $(shell pkg-config --libs $(or $(LUA),lua5.4) $(PACKAGES) 2>/dev/null)
CPPFLAGS = -Isrc $(DEFINES) $(INCLUDES)
LDFLAGS  = $(SANITIZE) -rdynamic
LDLIBS   = $(LIBS) -ldl -lm -pthread

# The CUDA backend, where there is a compiler for it: a plug-in, which the program never links.
CUDA   ?= /usr/local/cuda
NVCC   := $(or $(shell command -v nvcc 2>/dev/null),$(wildcard $(CUDA)/bin/nvcc))
# An older one than 13 is let alone: nobody has built with it.
NVCC_MAJOR := $(if $(NVCC),$(shell $(NVCC) --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p'))
PLUGIN  = $(if $(filter-out 1 2 3 4 5 6 7 8 9 10 11 12,$(NVCC_MAJOR)),$(BUILD)/halfstep-cuda.so)
# Truth here too: no contraction, no fast math. Machine code for these, PTX for what comes after them.
CUDA_ARCHS = 75 80 90
NVCCFLAGS  = -std=c++17 --fmad=false -O2 -Isrc -Icuda -D_GNU_SOURCE -Xcompiler -fPIC,-Wall,-fvisibility=hidden,-ffp-contract=off \
             $(foreach a,$(CUDA_ARCHS),-gencode arch=compute_$(a),code=sm_$(a)) \
             -gencode arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS))
CUDA_OBJECTS = $(patsubst %.cu,$(BUILD)/%.o,$(sort $(wildcard cuda/*.cu))) $(BUILD)/pic/cuda/plugin.o
# Its own base, numerics and program: what it needs of them.
PIC_OBJECTS  = $(patsubst %.c,$(BUILD)/pic/%.o,$(filter-out src/program/registry.c,\
                 $(foreach f,base numerics program,$(call sources,$(f)))))

FOLDERS  = base numerics telemetry program amp cpu nn optim data lesson view train repl
sources  = $(shell find src/$(1) -name '*.c' 2>/dev/null | LC_ALL=C sort)
objects  = $(patsubst %.c,$(BUILD)/%.o,$(1))
ARCHIVES = $(FOLDERS:%=$(BUILD)/lib%.a)
LINKED   = -Wl,--start-group $(ARCHIVES) -Wl,--end-group
Q        = $(if $(V),,@)
say      = $(if $(V),,@echo '  $(1)')
link     = $(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LINKED)

# The long work goes to a make of its own: in parallel, and after what was missing is installed.
JOBS   = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
SUBMAKE = $(MAKE) --no-print-directory $(JOBS)
DEPS   = CC='$(CC)' sh .deps.sh

.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.PHONY: all run test install help clean

all: $(if $(LIBS),,deps-look) $(BUILD)/halfstep $(PLUGIN) ## build the program as build/halfstep

run: deps-build ## install what is missing, build, start the program
	+@$(SUBMAKE) all
	@$(BUILD)/halfstep

test: deps-test ## install what is missing, build, run the whole test suite
	+@$(SUBMAKE) test-programs $(PLUGIN)
	@sh tests/run.sh $(BUILD)

install: all ## copy program, data sets and lessons to PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/halfstep
	install -m 755 $(BUILD)/halfstep $(DESTDIR)$(PREFIX)/bin/halfstep
	$(if $(PLUGIN),install -D -m 755 $(PLUGIN) $(DESTDIR)$(PREFIX)/lib/halfstep/halfstep-cuda.so)
	cp -R datasets lessons $(DESTDIR)$(PREFIX)/share/halfstep/

.PHONY: deps-build deps-test deps-check deps-look
deps-build deps-test deps-check: deps-%:
	@$(DEPS) $*
deps-look:
	@$(DEPS) look build

# What a build remembers of the one before: other flags compile all anew, a file that goes leaves
# nothing behind in an archive, another PREFIX touches only what names it.
ifneq ($(filter-out help clean deps-%,$(or $(MAKECMDGOALS),all)),)
define remember
ifneq ($$(file <$(BUILD)/$(1)),$(2))
$$(shell mkdir -p $(BUILD))
$$(file >$(BUILD)/$(1),$(2))
endif
endef
$(eval $(call remember,flags,$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS)))
$(eval $(call remember,files,$(call sources,)))
$(eval $(call remember,prefix,$(PREFIX)))
endif

$(BUILD)/halfstep: $(BUILD)/src/main.o $(ARCHIVES)
	$(call say,link $@)
	$(link) $(LDLIBS)

define archive
$(BUILD)/lib$(1).a: $(call objects,$(call sources,$(1))) $(BUILD)/files
	$$(call say,ar   $$@)
	@mkdir -p $$(@D); rm -f $$@
	$$(Q)ar rcs $$@ $$(filter %.o,$$^)
endef
$(foreach folder,$(FOLDERS),$(eval $(call archive,$(folder))))

NAME_PREFIX := $(call objects,$(shell grep -rl HALFSTEP_PREFIX src --include='*.c' 2>/dev/null))
ifdef NAME_PREFIX
$(NAME_PREFIX): $(BUILD)/prefix
$(NAME_PREFIX): private DEFINES += -DHALFSTEP_PREFIX='"$(PREFIX)"'
endif

$(BUILD)/%.o: %.c Makefile $(BUILD)/flags
	$(call say,cc   $<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/pic/%.o: %.c Makefile $(BUILD)/flags
	$(call say,cc   $< (for the plug-in))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

# Clusters of blocks came with 9.0; an older GPU never launches these.
$(BUILD)/cuda/walk.o: private CUDA_ARCHS = 90
$(BUILD)/cuda/%.o: cuda/%.cu Makefile
	$(call say,nvcc $<)
	@mkdir -p $(@D)
	$(Q)$(NVCC) $(NVCCFLAGS) -MD -MP -MF $(@:.o=.d) -c -o $@ $<

$(BUILD)/libpic.a: $(PIC_OBJECTS) $(BUILD)/files
	$(call say,ar   $@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(BUILD)/halfstep-cuda.so: $(CUDA_OBJECTS) $(BUILD)/libpic.a
	$(call say,link $@)
	$(Q)$(NVCC) -shared -o $@ $^ -cudart shared -lcublasLt -lcublas -Xlinker --no-undefined,-z,defs,-rpath,$(CUDA)/lib64

# Tests. One Criterion program for each folder under tests/unit; elsewhere each file with a main
# is a program, and the folder's other files are linked to it.
UNITS    = $(notdir $(patsubst %/,%,$(dir $(wildcard tests/unit/*/*.c))))
UNIT_SET = $(sort $(UNITS))
mains    = $(shell grep -lsw '^int main' tests/$(1)/*.c)
helpers  = $(filter-out $(call mains,$(1)),$(wildcard tests/$(1)/*.c))
programs = $(patsubst %.c,$(BUILD)/%,$(call mains,$(1)))
KINDS    = terminal fuzz exhaustive bench transcripts lint gpu
PLUGINS  = $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/plugin/*.c))

.PHONY: unit test-programs exhaustive bench
test-programs: $(BUILD)/halfstep $(UNIT_SET:%=$(BUILD)/tests/unit/%/run) \
               $(foreach kind,$(KINDS),$(call programs,$(kind))) $(PLUGINS)

define unit_program
$(BUILD)/tests/unit/$(1)/run: $(call objects,$(wildcard tests/unit/$(1)/*.c)) $(ARCHIVES)
	$$(call say,link $$@)
	$$(link) -lcriterion $$(LDLIBS)
.PHONY: unit-$(1)
unit-$(1): $(BUILD)/tests/unit/$(1)/run
	$$<
endef
$(foreach unit,$(UNIT_SET),$(eval $(call unit_program,$(unit))))
unit: $(UNIT_SET:%=unit-%) ## the unit tests alone; unit-FOLDER for those of one folder

define kind_programs
$(call programs,$(1)): %: %.o $(call objects,$(call helpers,$(1))) $(ARCHIVES)
	$$(call say,link $$@)
	$$(link) $(if $(filter terminal,$(1)),-lvterm) $$(LDLIBS)
endef
$(foreach kind,$(KINDS),$(if $(call mains,$(kind)),$(eval $(call kind_programs,$(kind)))))

# CUDA's own casts, which compile without a GPU, are oracles where they are installed; the one to bf16
# is C++.
cuda_has  = $(wildcard $(CUDA)/include/$(1))
CUDA_CXX := $(if $(call cuda_has,cuda_bf16.h),$(shell command -v c++))
CUDA_BF16 = $(if $(CUDA_CXX),$(BUILD)/tests/exhaustive/cuda_bf16.o)
$(BUILD)/tests/exhaustive/%.o: private INCLUDES += $(if $(CUDA_BF16),-DHALFSTEP_HAVE_CUDA_BF16) \
    $(if $(call cuda_has,cuda_fp8.h),-DHALFSTEP_HAVE_CUDA_HEADERS -isystem $(CUDA)/include)
$(BUILD)/tests/exhaustive/exhaustive: $(CUDA_BF16)
$(BUILD)/tests/exhaustive/cuda_bf16.o: tests/exhaustive/cuda_bf16.cc Makefile $(BUILD)/flags
	$(call say,c++  $<)
	@mkdir -p $(@D)
	$(Q)$(CUDA_CXX) $(OPTIMIZE) -fno-exceptions -fno-rtti -isystem $(CUDA)/include -c -o $@ $<

$(BUILD)/tests/plugin/%.so: tests/plugin/%.c Makefile $(BUILD)/flags
	$(call say,cc   $<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -MMD -MP -MF $(@:.so=.d) -o $@ $<

exhaustive: $(call programs,exhaustive) ## every fp32 input to every format, against an oracle (minutes)
	@for program in $^; do $$program || exit; done

.PHONY: gpu
gpu: all $(call programs,gpu) ## what needs a GPU: parity with the CPU, bits, sessions, sanitizers
	@sh tests/gpu/run.sh $(BUILD)

bench: $(BUILD)/halfstep $(call programs,bench) ## what a step and a cast cost here, as CSV
	@for program in $(call programs,bench); do \
	    HALFSTEP_DATASETS='$(CURDIR)/datasets' $$program || exit; done

# Sanitizers, each in a build folder of its own. UBSan must abort, or Criterion passes over it.
ASAN = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TSAN = -fsanitize=thread
# ThreadSanitizer does not start where the kernel spreads addresses too widely.
UNRANDOM = $(shell setarch -R true 2>/dev/null && echo setarch -R)

SOME_LESSONS = six-boxes underflow-silent fp8-windows

.PHONY: asan tsan
asan: deps-test ## tests under AddressSanitizer, LeakSanitizer and UBSan
	+@$(SUBMAKE) BUILD=$(BUILD)-asan SANITIZE='$(ASAN)' OPTIMIZE='-O1 -g' test-programs
	@LESSONS='$(SOME_LESSONS)' sh tests/run.sh $(BUILD)-asan unit fuzz transcripts lessons plugin

tsan: deps-test ## transcripts under ThreadSanitizer
	+@$(SUBMAKE) BUILD=$(BUILD)-tsan SANITIZE='$(TSAN)' OPTIMIZE='-O1 -g' test-programs
	@LESSONS='$(SOME_LESSONS)' $(UNRANDOM) sh tests/run.sh $(BUILD)-tsan transcripts lessons

# Checks of the text itself. Each says file and line of what it found.
TIDY_FILES = $(call sources,) $(shell find tests -name '*.c' 2>/dev/null | LC_ALL=C sort)
# A file is looked at again when it, a header or the configuration has changed.
TIDIED     = $(TIDY_FILES:%=$(BUILD)/tidy/%.ok)
OBJECTS    = $(call objects,$(call sources,) $(wildcard tests/unit/*/*.c) \
               $(foreach kind,$(KINDS),$(wildcard tests/$(kind)/*.c)))

.PHONY: check check-tidy check-objects
check: deps-check ## format, tidy, cppcheck, layers, doors, headers, warnings under gcc and clang
	+@CPPFLAGS='$(CPPFLAGS)' sh tests/lint/check.sh $(BUILD) '$(SUBMAKE)'

check-tidy: $(TIDIED)
$(BUILD)/tidy/%.c.ok: %.c .clang-tidy tests/.clang-tidy $(shell find src tests -name '*.h')
	@mkdir -p $(@D)
	@clang-tidy-14 --quiet $< -- -std=c11 $(CPPFLAGS) -DHALFSTEP_PREFIX='"$(PREFIX)"' 2>$@.log >$@.out || \
	    { grep -E '(error|warning): ' $@.out || cat $@.out $@.log; exit 1; }
	@touch $@

check-objects: $(OBJECTS)

help: ## this list
	@echo 'make GOAL, where GOAL is one of'
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | \
	    awk -F '\t' '{ printf "  %-11s %s\n", $$1, $$2 }'
	@echo 'CC=clang, EXTRA=..., BUILD=FOLDER and PREFIX=FOLDER change how and where; V=1 shows commands.'

clean: ## remove all that was built
	rm -rf $(BUILD) $(BUILD)-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
