# SPDX-License-Identifier: GPL-2.0-only
#
# profbuf: the module, the tool, the tests. `make help` says what there is.

KVERSION ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVERSION)/build
PREFIX ?= /usr/local
VERSION := 0.1.0
build := $(CURDIR)/build
core := profbuf_core.c profbuf_core.h tests/port/profbuf_port.h

all: module user

help:
	@echo 'make demo          everything, from nothing: a first profile, taken in a virtual machine'
	@echo 'make check         all tests but those of check-debug; installs what they need'
	@echo 'make check-debug   the module on kernels built to find faults; make debug-kernels builds them (half an hour)'
	@echo
	@echo 'make [all]         profbuf.ko for the running kernel (or KVERSION=, KDIR=), build/user/profbuf'
	@echo 'make install       both, and the library (PREFIX=, DESTDIR=); make dkms: the module by DKMS'
	@echo 'make replay        build/replay: the ring, driven by lines of text'
	@echo 'make fuzz          the fuzzers, until stopped'
	@echo 'make soak          the module under load in a virtual machine (TIME=120, KERNEL=6.1; see tests/soak/run)'
	@echo 'make bench         all benchmarks; also bench-core, bench-sample, bench-report, bench-tag'
	@echo 'make vm-shell      a shell in a virtual machine with the module loaded (KERNEL=6.1, 6.12, 6.1-rt, 6.12-rt)'

module:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

user:
	@scripts/setup build
	$(MAKE) -C user O=$(build)/user PREFIX=$(PREFIX)

replay: $(build)/replay

$(build)/replay: tests/replay/replay.c $(core)
	@mkdir -p $(build)
	$(CC) -std=gnu11 -O2 -g -Wall -Wextra -include tests/port/profbuf_port.h -I. -o $@ $< profbuf_core.c

demo:
	@tests/demo/run

check:
	@tests/check

# What CI runs.
check-ci:
	@tests/check --ci

check-debug:
	@tests/check --debug

# Once for all; check-debug builds what is missing.
debug-kernels:
	@scripts/debug-kernel kasan kcsan gcov

fuzz:
	@tests/fuzz/core/run --forever & tests/user/run --forever; kill $$!

soak:
	@tests/soak/run

bench: bench-core bench-sample bench-report bench-tag

bench-core:
	@tests/bench/core/run

bench-sample:
	@tests/bench/sample/run

bench-report:
	@tests/bench/report/run

bench-tag:
	@tests/bench/tag/run

KERNEL ?= 6.1
vm-shell: user
	@tests/vm/run --kernel $(KERNEL) --module "$$(scripts/module $(KERNEL))" --shell

install: module user
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	depmod $(KVERSION)
	$(MAKE) -C user O=$(build)/user PREFIX=$(PREFIX) install

# The sources to where DKMS looks for them, and from there into every kernel that has headers here.
dkms_files := Kbuild dkms.conf LICENSE $(wildcard profbuf_*.[ch])
dkms:
	install -d $(DESTDIR)/usr/src/profbuf-$(VERSION)
	install -m 644 $(dkms_files) $(DESTDIR)/usr/src/profbuf-$(VERSION)
	dkms add profbuf/$(VERSION) || true
	dkms autoinstall

clean:
	rm -rf $(build)/user $(build)/tests $(build)/module $(build)/replay $(build)/demo
	rm -f *.o *.ko *.mod *.mod.c .*.cmd .*.d Module.symvers modules.order

.PHONY: all help module user replay demo check check-ci check-debug debug-kernels fuzz soak bench bench-core bench-sample bench-report bench-tag vm-shell install dkms clean
