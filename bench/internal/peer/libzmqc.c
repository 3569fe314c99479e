// SPDX-License-Identifier: MIT

//go:build libzmq && cgo

#include "libzmqc.h"

#include <errno.h>
#include <zmq.h>

// failed returns BENCH_OK if the call that has failed is to be made again.
static int failed(const int *stop) {
	int err = zmq_errno();
	if (err != EAGAIN && err != EINTR)
		return err;
	return __atomic_load_n(stop, __ATOMIC_ACQUIRE) ? BENCH_STOPPED : BENCH_OK;
}

void bench_stop(int *stop) { __atomic_store_n(stop, 1, __ATOMIC_RELEASE); }

static int send_one(void *socket, const void *data, size_t size, const int *stop) {
	while (zmq_send(socket, data, size, 0) < 0) {
		int err = failed(stop);
		if (err != BENCH_OK)
			return err;
	}
	return BENCH_OK;
}

// recv_one receives into a message that was made ready.
static int recv_one(void *socket, zmq_msg_t *msg, const int *stop) {
	while (zmq_msg_recv(msg, socket, 0) < 0) {
		int err = failed(stop);
		if (err != BENCH_OK)
			return err;
	}
	return BENCH_OK;
}

int bench_send(void *socket, const void *data, size_t size, long count, const int *stop) {
	int err = BENCH_OK;
	for (long i = 0; i < count && err == BENCH_OK; i++)
		err = send_one(socket, data, size, stop);
	return err;
}

int bench_recv(void *socket, size_t size, long count, const int *stop) {
	zmq_msg_t msg;
	int err = BENCH_OK;
	zmq_msg_init(&msg);
	for (long i = 0; i < count && err == BENCH_OK; i++) {
		err = recv_one(socket, &msg, stop); // frees the one before
		if (err == BENCH_OK && zmq_msg_size(&msg) != size)
			err = BENCH_SIZE;
	}
	zmq_msg_close(&msg);
	return err;
}

int bench_ask(void *socket, const void *data, size_t size, const int *stop) {
	int err = send_one(socket, data, size, stop);
	return err != BENCH_OK ? err : bench_recv(socket, size, 1, stop);
}

int bench_serve(void *socket, const int *stop) {
	zmq_msg_t msg;
	int err = BENCH_OK;
	zmq_msg_init(&msg);
	while (err == BENCH_OK) {
		err = recv_one(socket, &msg, stop);
		while (err == BENCH_OK && zmq_msg_send(&msg, socket, 0) < 0)
			err = failed(stop);
	}
	zmq_msg_close(&msg);
	return err;
}
