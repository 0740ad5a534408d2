# cherry: `make demo` shows it, `make test` proves it, `make install` installs.
#
# Knobs: BUILD=dir  CC=clang  SANITIZE=address,undefined  WERROR=1  PREFIX=  VIPS=no
#        V=1 shows the commands
BUILD	?= build$(if $(SANITIZE),-san)
PREFIX	?= /usr/local
VERSION	:= $(shell cat src/cmd/version.txt 2>/dev/null || echo 0)
PKG	?= pkg-config
has	= $(shell $(PKG) --exists $(1) 2>/dev/null && echo 1)

WARN	:= -Wall -Wextra -Wshadow -Wvla -Wwrite-strings -Wstrict-prototypes \
	   -Wmissing-prototypes -Wformat=2 -Wconversion -Wno-sign-conversion \
	   $(if $(WERROR)$(CI),-Werror)
OPT	?= -O2
CFLAGS	?= $(OPT) -g -fno-strict-aliasing -fstack-protector-strong
SANFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer \
	   -fno-sanitize-recover=undefined) $(if $(FUZZER),-fsanitize=fuzzer-no-link)
CPPFLAGS += -D_GNU_SOURCE -D_FORTIFY_SOURCE=$(if $(SANITIZE),0,2) \
	   -DCHERRY_VERSION='"$(VERSION)"' -Iinclude -Isrc

# Libraries: each is named once here and used by one adapter.
PKGS	:= hiredis libxml-2.0 libcrypto zlib libseccomp
CPPFLAGS += $(if $(call has,yaml-0.1),-DHAVE_YAML) \
	   $(if $(call has,hiredis_ssl),-DHAVE_HIREDIS_SSL)
LIBCFLAGS := $(shell $(PKG) --cflags $(PKGS) 2>/dev/null)
LIBS	:= $(shell $(PKG) --libs $(PKGS) 2>/dev/null) \
	   $(if $(call has,yaml-0.1),-lyaml) \
	   $(if $(call has,hiredis_ssl),-lhiredis_ssl -lssl) \
	   -lev -lm -ldl -pthread
# VIPS=no builds without pictures, as does a system without libvips.
ifeq ($(origin VIPS),undefined)
VIPS	:= $(call has,vips)
endif
ifeq ($(VIPS),no)
override VIPS :=
endif
# Pictures: libjpeg is libvips's own, and the build works without its header.
IMAGEFLAGS = $(shell $(PKG) --cflags vips) $(if $(call has,libjpeg),-DHAVE_JPEG)
IMAGELIBS = $(shell $(PKG) --libs vips) $(if $(call has,libjpeg),-ljpeg)

# One short line for each file, none with -s.
Q	:= $(if $(V),,@)
silent	:= $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say	= $(if $(V)$(silent),,@printf '%-5s %s\n' $(1) $@)
# As many at a time as there are processors, unless told how many.
JOBS	= $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

ALLC	= $(CC) -std=c11 $(CPPFLAGS) $(WARN) $(LIBCFLAGS) $(CFLAGS) $(SANFLAGS)
LDALL	= $(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -Wl,-z,relro

SRC	:= $(filter-out src/image/%,$(wildcard src/*/*.c))
OBJ	:= $(SRC:%.c=$(BUILD)/%.o)
LIBOBJ	:= $(filter-out $(BUILD)/src/cmd/main.o,$(OBJ))
IMAGEC	:= $(wildcard src/image/*.c) $(wildcard src/base/*.c)
IMAGEO	:= $(IMAGEC:%.c=$(BUILD)/pic/%.o)
UNIT	:= $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
TOOLS	:= $(patsubst tests/tools/%.c,$(BUILD)/tests/%,$(wildcard tests/tools/*.c))
BENCH	:= $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/bench_*.c))
FUZZ	:= $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all demo test check bench soak fuzz install clean format lint tests deps
.SECONDARY:
all: $(BUILD)/cherry $(if $(VIPS),$(BUILD)/cherry-image.so)

$(BUILD)/cherry: $(BUILD)/src/cmd/main.o $(BUILD)/libcherry.a
	$(call say,LD)
	$(Q)$(LDALL) -rdynamic -o $@ $^ $(LIBS)

$(BUILD)/libcherry.a: $(LIBOBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(BUILD)/cherry-image.so: $(IMAGEO)
	$(call say,LD)
	$(Q)$(LDALL) -shared -o $@ $^ $(IMAGELIBS) -lm

# Reading JSON is what everything waits for; these two gain a tenth by it.
$(BUILD)/pic/src/image/resample.o \
$(BUILD)/src/base/json_read.o $(BUILD)/src/codec/json_read.o: \
	CFLAGS += $(if $(filter -O2,$(OPT)),-O3)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(ALLC) -MMD -MP -c -o $@ $<

$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(ALLC) $(IMAGEFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

# Programs of the tests, each from one file.
$(BUILD)/tests/%.o: CPPFLAGS += -Itests -Wno-unused-function

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/libcherry.a
	$(call say,LD)
	$(Q)$(LDALL) -o $@ $^ $(LIBS) -lcriterion

$(BUILD)/tests/%: $(BUILD)/tests/tools/%.o $(BUILD)/libcherry.a
	$(call say,LD)
	$(Q)$(LDALL) -o $@ $^ $(LIBS)

$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libcherry.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LDALL) -o $@ $^ $(LIBS) $(if $(call has,libcjson),-lcjson) \
		$(if $(call has,libjpeg),-ljpeg)

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libcherry.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(LDALL) $(if $(FUZZER),-fsanitize=fuzzer) -o $@ $^ $(LIBS)

# Whole decodes: the picture library is linked in.
ifneq ($(VIPS),)
$(BUILD)/tests/fuzz/fuzz_image_decode.o: CPPFLAGS += -DHAVE_VIPS \
	$(shell $(PKG) --cflags vips)
$(BUILD)/fuzz/fuzz_image_decode: $(filter $(BUILD)/pic/src/image/%,$(IMAGEO))
$(BUILD)/fuzz/fuzz_image_decode: LIBS := $(BUILD)/libcherry.a $(LIBS) \
	$(IMAGELIBS)
endif

tests: all $(UNIT) $(TOOLS)

# What a person types: installs what is missing first, then builds and runs.
deps:
	@scripts/install-packages
demo: deps
	@$(MAKE) --no-print-directory $(JOBS) all $(BUILD)/tests/make_photo
	@BUILD=$(BUILD) scripts/demo
test: deps
	@$(MAKE) --no-print-directory $(JOBS) WERROR=$(WERROR) check
check: tests
	@BUILD=$(BUILD) scripts/run-tests
bench: deps
	@$(MAKE) --no-print-directory $(JOBS) all $(BENCH) $(TOOLS)
	@BUILD=$(BUILD) scripts/run-bench
soak: deps
	@$(MAKE) --no-print-directory $(JOBS) tests
	@BUILD=$(BUILD) scripts/run-soak
fuzz: deps
	@scripts/run-fuzz

lint:
	@scripts/check-layers
	@clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	@git ls-files 'src/*.c' | xargs -P 2 -I{} clang-tidy --quiet {} -- -std=c11 $(CPPFLAGS) $(LIBCFLAGS) $(IMAGEFLAGS)
format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

install: all
	@BUILD=$(BUILD) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) scripts/install-files

clean:
	rm -rf build build-*

-include $(OBJ:.o=.d) $(IMAGEO:.o=.d) $(wildcard $(BUILD)/tests/*/*.d)
