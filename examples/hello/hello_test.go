// SPDX-License-Identifier: MIT

package hello_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/examples/internal/programs"
)

func TestHello(t *testing.T) {
	dir := programs.Build(t, "./server", "./client")
	for _, cast := range programs.Casts("server", "client") {
		t.Run(cast.Name, func(t *testing.T) {
			server := cast.Start(t, dir, "server", "-addr", "tcp://127.0.0.1:*")
			client := cast.Start(t, dir, "client", "-addr", server.AwaitAddr(), "-n", "3")
			for _, line := range []string{"1 World", "2 World", "3 World"} {
				client.AwaitLine(line)
				server.AwaitLine("received Hello")
			}
			require.Zero(t, client.Wait())
			server.Interrupt()
			require.Zero(t, server.Wait())
		})
	}
}

func TestClientWaitsForItsServer(t *testing.T) {
	dir := programs.Build(t, "./server", "./client")
	for _, cast := range programs.Casts("server", "client") {
		t.Run(cast.Name, func(t *testing.T) {
			addr := programs.IPC(t)
			client := cast.Start(t, dir, "client", "-addr", addr, "-n", "1")
			client.AwaitLine("asking")
			cast.Start(t, dir, "server", "-addr", addr)
			client.AwaitLine("1 World")
			require.Zero(t, client.Wait())
		})
	}
}

func TestCtrlCWhileNobodyAnswers(t *testing.T) {
	client := programs.Start(t, programs.Build(t, "./client")+"/client", "-addr", programs.IPC(t))
	client.AwaitLine("asking")
	client.Interrupt()
	require.Zero(t, client.Wait())
}
