/* Moves the wall clock of a program, for tests that follow today's date; waits stay as they are.
 *
 * cc -shared -fPIC -O2 -o wall_clock.so tools/wall_clock.c
 * WALL_OFFSET=$(( $(date -ud "2028-02-29 16:56:00" +%s) - $(date +%s) )) LD_PRELOAD=$PWD/wall_clock.so pytest tests/scenarios
 *
 * mongod keeps its own clock: it waits by the wall clock, and would wait for days.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void)
{
    static int known;
    static long seconds;

    if (!known) {
        const char *said = getenv("WALL_OFFSET");
        int is_database = strstr(program_invocation_short_name, "mongo") != NULL;

        seconds = said && !is_database ? atol(said) : 0;
        known = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = syscall(SYS_clock_gettime, clock, now);

    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int failed = syscall(SYS_gettimeofday, now, zone);

    if (!failed)
        now->tv_sec += offset();
    return failed;
}

time_t time(time_t *place)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (place)
        *place = now.tv_sec;
    return now.tv_sec;
}
