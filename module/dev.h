/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dev.h - the misc device
 */
#ifndef PROFBUF_DEV_H
#define PROFBUF_DEV_H

/* Last of the module's parts: from its return on, sessions come. */
int profbuf_dev_init(void);
void profbuf_dev_exit(void);

#endif /* PROFBUF_DEV_H */
