# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests of the library and the tool run: make -f tests/build.mk dir=DIR DIR/TARGET...; see parts.sh

sanitize := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
flags := -Wall -Wextra -Werror -D_GNU_SOURCE -Iinclude -Iuser/include -Iuser/lib -Itests/lib
libs := -ldw -lelf -lzstd -liberty -lprotobuf-c -lz
lib := tests/lib
tool := tests/tool
archive := $(dir)/tool/lib/rooms.a
headers := $(wildcard profbuf_*.h user/include/*.h user/lib/*/*.h $(lib)/*.h $(lib)/tag/*.h $(tool)/*.h)

# Programs of unit tests; what runs them.
$(addprefix $(dir)/,lib_test jit_map_test jit_recorder_test symbols_test json_test): tests/tap.c tests/tap_cmocka.c tests/tap.h

.SECONDARY:
# With sanitizers; and, for the fuzzers, by clang.
$(dir)/tool $(dir)/tool/profbuf $(archive): $(dir)/made-tool ;
$(dir)/made-tool: FORCE
	$(MAKE) -s -C user O=$(dir)/tool CFLAGS='$(sanitize)' $(dir)/tool/profbuf
$(dir)/made-fuzzed: FORCE
	$(MAKE) -s -C user O=$(dir)/lib CC=clang CFLAGS='$(sanitize) -fsanitize=fuzzer-no-link' $(dir)/lib/profbuf
	mkdir -p $(dir)/fuzzed
	cp $(dir)/lib/cmd/*.o $(dir)/fuzzed/
	objcopy --redefine-sym main=profbuf_main $(dir)/fuzzed/main.o

$(dir)/fuzz: $(tool)/fuzz_profile.c $(headers) $(dir)/made-fuzzed
	clang $(sanitize) -fsanitize=fuzzer $(flags) -Iuser/cmd -o $@ $< $(dir)/fuzzed/*.o $(dir)/lib/lib/rooms.a $(libs) -pthread -lm
$(dir)/fuzz-readers: $(lib)/fuzz_readers.c $(headers) $(dir)/made-fuzzed
	clang $(sanitize) -fsanitize=fuzzer $(flags) -o $@ $< $(dir)/lib/lib/rooms.a $(libs)

$(dir)/lib_test: $(wildcard $(lib)/lib_*test.c) $(lib)/generate.c $(headers) $(archive)
	gcc $(sanitize) $(flags) -o $@ $(filter %.c,$^) $(archive) -lcmocka $(libs)
$(dir)/jit_map_test: $(lib)/jit_map_test.c $(addprefix user/lib/,symbols/jit_map.c $(addprefix base/,file.c proc.c table.c)) $(headers)
	gcc -std=gnu11 $(sanitize) $(flags) -o $@ $(filter %.c,$^) -lcmocka
# A longer patience than users have: the machine may be busy.
$(dir)/jit_recorder_test: $(lib)/jit_recorder_test.c $(lib)/tag/stall.c $(headers) \
		$(addprefix user/lib/,record/jit_recorder.c symbols/jit_map.c $(addprefix base/,job.c look.c file.c proc.c table.c))
	gcc -std=gnu11 $(sanitize) $(flags) -DJOB_PATIENCE_NS=2000000000ULL -DJIT_READING_NS=3000000000ULL -o $@ \
		$(filter %.c,$^) -lcmocka -pthread
$(dir)/json_test: $(tool)/json_test.c user/cmd/json.c user/cmd/text.c $(wildcard user/cmd/*.h) $(headers)
	gcc -std=gnu11 $(sanitize) $(flags) -Iuser/cmd -o $@ $(filter %.c,$^) -lcmocka
$(dir)/libdebuginfod.so.1: $(lib)/no_debuginfod.c
	gcc -shared -fPIC -O1 -Wall -Wextra -Werror -Wl,-soname,libdebuginfod.so.1 -o $@ $<
$(dir)/symbols_test: $(lib)/symbols_test.c $(lib)/tag/stall.c $(headers) $(archive) $(dir)/libdebuginfod.so.1
	gcc -std=gnu11 $(sanitize) $(flags) -o $@ -Wl,--disable-new-dtags,-rpath,$(dir) $(filter %.c,$^) $(archive) -lcmocka $(libs) -pthread
$(dir)/generate: $(lib)/generate.c $(headers)
	gcc -O1 -DGENERATE_MAIN $(flags) -o $@ $<
$(dir)/generate_%: $(tool)/generate_%.c $(lib)/generate.c $(headers)
	gcc -O1 $(flags) -o $@ $(filter %.c,$^)
$(dir)/rooted $(dir)/convert: $(dir)/%: $(tool)/%.c $(headers) $(archive)
	gcc $(sanitize) $(flags) -o $@ $< $(archive) $(libs)
$(dir)/%.so: $(tool)/%.c include/profbuf_uapi.h
	gcc -shared -fPIC -O1 -Wall -Wextra -Werror -Iinclude -o $@ $<

.PHONY: FORCE $(dir)/tool
