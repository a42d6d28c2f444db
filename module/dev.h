/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dev.h - the misc device
 */
#ifndef PROFBUF_DEV_H
#define PROFBUF_DEV_H

/* The last part of the module to start: from now on the device can be opened. */
int profbuf_dev_init(void);
void profbuf_dev_exit(void);

#endif /* PROFBUF_DEV_H */
