// SPDX-License-Identifier: GPL-2.0-only
/*
 * core.c - the ring once more, as the module has it: no module exports its own
 */
#include "profbuf_core.c"
