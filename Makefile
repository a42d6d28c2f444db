# SPDX-License-Identifier: GPL-2.0-only
#
# profbuf: the module, the tool, the tests. `make help` says what there is.

KVERSION ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVERSION)/build
PREFIX ?= /usr/local
VERSION := $(shell sed -n 's/^.define PROFBUF_VERSION[^"]*"\(.*\)"/\1/p' include/profbuf_version.h)
build := $(abspath $(or $(O),build))
# Without O= the module is built where its sources are, as insmod, DKMS and the kernel's own Makefiles expect it.
module := $(if $(O),$(build)/module/$(KVERSION),$(CURDIR))
sources := Kbuild module/compat.mk $(wildcard profbuf_*.[ch] module/*.[ch] include/*.h)
core := profbuf_core.c profbuf_core.h tests/ring/port/profbuf_port.h
user = $(MAKE) -C user O=$(build)/user PREFIX=$(PREFIX) $(if $(LIBDIR),LIBDIR=$(LIBDIR))

all: user module

help:
	@echo 'make demo          everything, from nothing: a first profile, taken in a virtual machine'
	@echo 'make check         all tests but those of check-debug; T=NAME: one test, group or step (make check T=tags)'
	@echo 'make check-quick   style, the ring, the library and the tool: without a virtual machine'
	@echo 'make check-debug   the module on kernels built to find faults; make debug-kernels builds them (half an hour)'
	@echo '                   demo and check install the packages that they need'
	@echo
	@echo 'make deps          installs the packages that are needed to build (Debian 12 and 13)'
	@echo 'make [all]         profbuf.ko for the running kernel (or KVERSION=, KDIR=), build/user/profbuf; O=DIR: all into DIR'
	@echo 'make user          the tool and the libraries alone'
	@echo 'make install       both (PREFIX=, LIBDIR=, DESTDIR=); make uninstall takes them away; also install-user, install-module'
	@echo 'make dkms          the module by DKMS, again for each new kernel'
	@echo 'make replay        build/replay: the ring, driven by lines of text'
	@echo 'make fuzz          the fuzzers, until stopped'
	@echo 'make soak          the module under load in a virtual machine (TIME=120, KERNEL=6.1; see tests/module/soak/run)'
	@echo 'make bench         all benchmarks; also bench-core, bench-sample, bench-report, bench-tag'
	@echo 'make check-fresh   check-quick and demo in a fresh Debian below build/ (RELEASE=bookworm or trixie); needs root'
	@echo 'make matrix        which kernels the last make check has served'
	@echo 'make vm-shell      a shell in a virtual machine with the module loaded (KERNEL=6.12: see scripts/kernels)'

# Nothing here installs a package or uses the network, but deps and what calls it.
deps:
	@scripts/setup build "kernel-$(KVERSION)"

no_headers = no headers of kernel $(KVERSION) in $(KDIR): run `make deps` (apt-get install linux-headers-$(KVERSION)), \
	or set KVERSION= or KDIR=; `make user` builds the tool alone

module:
	$(if $(wildcard $(KDIR)/Makefile),,$(error $(no_headers)))
ifneq ($(O),)
	@scripts/link-sources $(module)
endif
	$(MAKE) -C $(KDIR) O= M=$(module) modules

user:
	@scripts/setup --check build
	$(user)

replay: $(build)/replay

$(build)/replay: tests/ring/replay/replay.c $(core)
	@mkdir -p $(build)
	$(CC) -std=gnu11 -O2 -g -Wall -Wextra -include tests/ring/port/profbuf_port.h -I. -o $@ $< profbuf_core.c

demo:
	@demo/run

check:
	@tests/check $(if $(T),--test "$(T)")

check-quick:
	@tests/check --quick

check-debug:
	@tests/check --debug

# Once for all; check-debug builds what is missing.
debug-kernels:
	@scripts/debug-kernel kasan kcsan gcov

fuzz:
	@bash -c 'tests/ring/fuzz/run --forever & tests/lib/run --forever & tests/tool/run --forever & wait -n; kill $$(jobs -p)'

# make check-fresh RELEASE=trixie
check-fresh:
	@scripts/check-fresh $(or $(RELEASE),bookworm)

matrix:
	@scripts/matrix

soak:
	@tests/module/soak/run

bench: bench-core bench-sample bench-report bench-tag

bench-core:
	@bench/core/run

bench-sample:
	@bench/sample/run

bench-report:
	@bench/report/run

bench-tag:
	@bench/tag/run

vm-shell: KERNEL ?= $(shell scripts/kernels default)
vm-shell:
	@scripts/setup build vm "headers-$(KERNEL)"
	@$(MAKE) --no-print-directory -s -C user
	@tests/vm/run --kernel $(KERNEL) --module "$$(scripts/module $(KERNEL))" --mem 2G --shell

install: install-user install-module

install-user: user
	$(user) install

# Below DESTDIR modules.dep is the package's business.
install-module: module
	$(MAKE) -C $(KDIR) O= M=$(module) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR) DEPMOD=true) modules_install
	$(if $(DESTDIR),,depmod $(KVERSION))

uninstall:
	$(user) uninstall
	rm -f $(foreach dir,extra updates,$(DESTDIR)/lib/modules/$(KVERSION)/$(dir)/profbuf.ko*)
	$(if $(DESTDIR),,depmod $(KVERSION))

# The sources to where DKMS looks for them, and from there into every kernel that has headers here.
dkms_dir := $(DESTDIR)/usr/src/profbuf-$(VERSION)
dkms:
	for file in $(sources) scripts/dkms-build dkms.conf LICENSE; do install -D -m 644 $$file $(dkms_dir)/$$file || exit 1; done
ifeq ($(DESTDIR),)
	dkms add profbuf/$(VERSION) || true
	dkms autoinstall
endif

uninstall-dkms:
	$(if $(DESTDIR),,dkms remove profbuf/$(VERSION) --all)
	rm -rf $(dkms_dir)

clean:
	rm -rf $(build)/user $(build)/tests $(build)/module $(build)/replay $(build)/demo
	rm -f *.o module/*.o module/.*.cmd module/.*.d *.ko *.mod *.mod.c .*.cmd .*.d Module.symvers modules.order

.PHONY: all help deps module user replay demo check check-quick check-debug check-fresh matrix debug-kernels fuzz soak bench \
	bench-core bench-sample bench-report bench-tag vm-shell install install-user install-module uninstall dkms uninstall-dkms clean
