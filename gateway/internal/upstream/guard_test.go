package upstream

import (
	"errors"
	"net/netip"
	"testing"
)

func TestGuard(t *testing.T) {
	own := []netip.Addr{netip.MustParseAddr("8.8.4.4"), netip.MustParseAddr("2a00:1450::1")}
	for _, ip := range []string{
		"127.0.0.1", "127.255.0.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
		"100.100.100.200", "169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.192",
		"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1",
		"fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
		"8.8.4.4", "::ffff:8.8.4.4", "2a00:1450::1",
	} {
		var refused errGuard
		if err := guard(netip.MustParseAddr(ip), own); !errors.As(err, &refused) {
			t.Errorf("%s passes", ip)
		}
	}
	for _, ip := range []string{"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "169.253.0.1", "192.1.0.1", "2606:4700::1111", "2a00:1450::2", "::ffff:8.8.8.8"} {
		if err := guard(netip.MustParseAddr(ip), own); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
}

func TestControlRefusesWhatItCannotRead(t *testing.T) {
	for _, address := range []string{"", "localhost:80", "127.0.0.1", "127.0.0.1:80", "[::1]:443"} {
		if control("tcp", address, nil) == nil {
			t.Errorf("%q passes", address)
		}
	}
	if err := control("tcp", "8.8.8.8:443", nil); err != nil {
		t.Error(err)
	}
}
