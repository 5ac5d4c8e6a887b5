package listen

import (
	"net"
	"net/netip"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// clientIP is the peer, or what a trusted proxy says of it: the last address in
// X-Forwarded-For that isn't itself a trusted proxy.
func (s *Server) clientIP(remote net.Addr, headers []request.Header) netip.Addr {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	for i := len(headers) - 1; i >= 0 && s.trusted(ip); i-- {
		if !strings.EqualFold(headers[i].Name, "X-Forwarded-For") {
			continue
		}
		hops := strings.Split(headers[i].Value, ",")
		for j := len(hops) - 1; j >= 0 && s.trusted(ip); j-- {
			next, err := netip.ParseAddr(strings.TrimSpace(hops[j]))
			if err != nil {
				return ip
			}
			ip = next.Unmap()
		}
	}
	return ip
}

func (s *Server) trusted(ip netip.Addr) bool {
	for _, p := range s.config.Trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
