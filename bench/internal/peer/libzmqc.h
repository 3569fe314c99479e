// SPDX-License-Identifier: MIT

#include <stddef.h>

// What the calls return that is not an errno of ZeroMQ.
enum { BENCH_OK = 0, BENCH_STOPPED = -1, BENCH_SIZE = -2 };

// Each does the work of a whole run. It ends early when *stop is not 0, which it
// looks at when a call has taken as long as the timeout of the socket.
int bench_send(void *socket, const void *data, size_t size, long count, const int *stop);
int bench_recv(void *socket, size_t size, long count, const int *stop);
int bench_ask(void *socket, const void *data, size_t size, const int *stop);
int bench_serve(void *socket, const int *stop);

void bench_stop(int *stop);
