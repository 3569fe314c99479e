// SPDX-License-Identifier: MIT

package mqnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/seedmq/mq/internal/transport"
)

type tcp struct{}

func (tcp) listen(at string) (net.Listener, string, error) {
	host, port, err := splitTCP(at)
	if err != nil {
		return nil, "", err
	}
	all := host == "*"
	if all {
		host = ""
	} else if host, err = interfaceAddr(host); err != nil {
		return nil, "", err
	}
	if port == "*" {
		port = "0"
	}
	network := "tcp"
	if ip := net.ParseIP(host); ip != nil && ip.To4() != nil {
		network = "tcp4" // or 0.0.0.0 would be IPv6 too
	}
	ln, err := net.Listen(network, net.JoinHostPort(host, port))
	if err != nil {
		return nil, "", listenError(err)
	}
	resolved := ln.Addr().(*net.TCPAddr)
	if all {
		return ln, fmt.Sprintf("tcp://0.0.0.0:%d", resolved.Port), nil // as ZeroMQ users know it
	}
	return ln, "tcp://" + resolved.String(), nil
}

// interfaceAddr returns the address of a network interface, if host is one.
func interfaceAddr(host string) (string, error) {
	i, err := net.InterfaceByName(host)
	if err != nil {
		return host, nil
	}
	addrs, err := i.Addrs()
	if err != nil {
		return "", err
	}
	var first string
	for _, a := range addrs {
		network, ok := a.(*net.IPNet)
		switch {
		case !ok:
		case network.IP.To4() != nil:
			return network.IP.String(), nil
		case first == "":
			first = network.IP.String()
			if network.IP.IsLinkLocalUnicast() {
				first += "%" + host
			}
		}
	}
	if first == "" {
		return "", fmt.Errorf("%w: interface %s has no address", transport.ErrBadAddr, host)
	}
	return first, nil
}

func listenError(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: %w", transport.ErrAddrInUse, err)
	}
	return err
}

func (tcp) check(at string) error {
	host, port, err := splitTCP(at)
	switch {
	case err != nil:
		return err
	case host == "*":
		return fmt.Errorf("%w: connect to a host, * is for bind", transport.ErrBadAddr)
	case port == "*" || port == "0":
		return fmt.Errorf("%w: connect to a port, %s is for bind", transport.ErrBadAddr, port)
	}
	return nil
}

func (tcp) dial(ctx context.Context, at string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		return nil, err
	}
	// Where nobody listens on a port of this machine, a connection from the same port
	// may meet itself.
	if conn.LocalAddr().String() == conn.RemoteAddr().String() {
		conn.Close()
		return nil, errors.New("nobody listens there: the connection was to itself")
	}
	return conn, nil
}

// splitTCP takes host:port apart. The port is a number or *.
func splitTCP(at string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(at)
	if err != nil {
		return "", "", fmt.Errorf("%w: want tcp://host:port: %w", transport.ErrBadAddr, err)
	}
	if host == "" {
		return "", "", fmt.Errorf("%w: want a host before the port, or * for all addresses", transport.ErrBadAddr)
	}
	if strings.ContainsAny(host, " \t\r\n/;") {
		return "", "", fmt.Errorf("%w: %q is no host", transport.ErrBadAddr, host)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil && port != "*" {
		return "", "", fmt.Errorf("%w: port %q, want 0 to 65535 or *", transport.ErrBadAddr, port)
	}
	return host, port, nil
}
