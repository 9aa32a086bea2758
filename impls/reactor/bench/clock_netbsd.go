package main

// processClock is CLOCK_PROCESS_CPUTIME_ID of NetBSD's sys/time.h, which package unix lacks.
const processClock = 0x40000000
