/*
 * Word to the service manager: sd_notify's protocol over NOTIFY_SOCKET.
 */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

/* Sends one state, such as "READY=1"; does nothing where nobody listens. */
void notify_send(const char *state);

/* Seconds within which a WATCHDOG=1 is due, halved; 0: none is. */
double notify_watchdog(void);

#endif
