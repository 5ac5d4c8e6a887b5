package upstream

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// A name in a plugin's manifest may come to resolve anywhere. Credentials go
// only to public addresses, unless broker.toml itself names the upstream: then
// it is the operator's word. The check is on the address that is dialled, after
// DNS, so no second look-up can differ from it.

// special are the ranges that are not the public internet (IANA's special-purpose
// registries, RFC 6890), with what they are.
var special = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private network"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's private network"},
	{netip.MustParsePrefix("127.0.0.0/8"), "this machine"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local, where clouds keep their metadata"},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private network"},
	{netip.MustParsePrefix("192.0.0.0/24"), "a protocol's own range"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private network"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation"},
	{netip.MustParsePrefix("224.0.0.0/3"), "multicast or reserved"},
	{netip.MustParsePrefix("::/96"), "this machine, or an IPv4 address in disguise"},
	{netip.MustParsePrefix("64:ff9b::/96"), "an IPv4 address behind NAT64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "an IPv4 address behind NAT64"},
	{netip.MustParsePrefix("100::/64"), "a black hole"},
	{netip.MustParsePrefix("2001::/23"), "a protocol's own range (Teredo and others)"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation"},
	{netip.MustParsePrefix("2002::/16"), "an IPv4 address behind 6to4"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation"},
	{netip.MustParsePrefix("5f00::/16"), "a segment-routing range"},
	{netip.MustParsePrefix("fc00::/7"), "a private network"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "a private network"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// errGuard is an address that a credential must not go to.
type errGuard struct {
	ip   netip.Addr
	what string
}

func (e errGuard) Error() string {
	return fmt.Sprintf("the API's name resolves to %s, which is %s: if that is right, name the upstream in broker.toml", e.ip, e.what)
}

// classify an address: nil where it is public and not one of this machine's own.
func guard(ip netip.Addr, own []netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	for _, s := range special {
		if s.prefix.Contains(ip) {
			return errGuard{ip, s.what}
		}
	}
	for _, o := range own {
		if o == ip {
			return errGuard{ip, "this machine"}
		}
	}
	return nil
}

// control is a net.Dialer's: it runs on each address, just before its connect.
func control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("an address that can't be judged: %w", err)
	}
	return guard(at.Addr(), ownAddresses())
}

func ownAddresses() []netip.Addr {
	var own []netip.Addr
	list, _ := net.InterfaceAddrs() // without it, the special ranges still hold
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				own = append(own, ip.Unmap().WithZone(""))
			}
		}
	}
	return own
}
