package accesslog

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

// Bounds on what comes from outside, in bytes before escaping, which makes six
// of one at the worst: so a line has less than 256 KiB.
const (
	maxPath      = 8 << 10
	maxText      = 4 << 10 // user_agent, reason, and query_keys taken together
	maxName      = 1 << 10 // every other string
	maxQueryKeys = 256
)

// timeFormat has a fixed width, so that lines compare by it as text.
const timeFormat = "2006-01-02T15:04:05.000000Z07:00"

// appendLine appends the line of x without its hash and line feed. It is on the
// way of every request: no reflection, and no allocation beyond b's growth.
func appendLine(b []byte, x *exchange.Exchange) []byte {
	b = append(b, `{"time":"`...)
	b = x.Start.UTC().AppendFormat(b, timeFormat)
	b = append(b, `","id":`...)
	b = appendText(b, x.ID, maxName)
	b = append(b, `,"tenant":`...)
	b = appendText(b, x.Tenant, maxName)
	b = append(b, `,"agent":`...)
	b = appendText(b, x.Agent, maxName)
	b = append(b, `,"token_id":`...)
	b = appendText(b, x.TokenID, maxName)
	b = append(b, `,"provider":`...)
	b = appendText(b, x.Provider, maxName)
	b = append(b, `,"credential":`...)
	b = appendText(b, x.Credential, maxName)
	b = append(b, `,"credential_version":`...)
	b = strconv.AppendUint(b, x.CredentialVersion, 10)
	b = append(b, `,"operation":`...)
	b = appendText(b, x.Operation, maxName)
	b = append(b, `,"method":`...)
	b = appendText(b, x.Method, maxName)
	b = append(b, `,"path":`...)
	b = appendText(b, x.Path, maxPath)
	b = append(b, `,"query_keys":`...)
	b = appendKeys(b, x.QueryKeys)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(x.Status), 10)
	b = append(b, `,"error":`...)
	b = appendText(b, x.Error, maxName)
	b = append(b, `,"decision":`...)
	b = appendText(b, x.Decision, maxName)
	b = append(b, `,"reason":`...)
	b = appendText(b, x.Reason, maxText)
	b = append(b, `,"client_ip":`...)
	b = appendText(b, x.ClientIP, maxName)
	b = append(b, `,"user_agent":`...)
	b = appendText(b, x.UserAgent, maxText)
	b = append(b, `,"bytes_in":`...)
	b = strconv.AppendInt(b, x.BytesIn, 10)
	b = append(b, `,"bytes_out":`...)
	b = strconv.AppendInt(b, x.BytesOut, 10)
	b = append(b, `,"upstream_host":`...)
	b = appendText(b, x.UpstreamHost, maxName)
	b = append(b, `,"upstream_ms":`...)
	b = appendMillis(b, x.Upstream)
	b = append(b, `,"total_ms":`...)
	b = appendMillis(b, x.Total)
	b = append(b, `,"scrubbed":`...)
	b = strconv.AppendInt(b, int64(x.Scrubbed), 10)
	b = appendHits(b, x.Hits)
	if x.Needles > 0 {
		b = append(b, `,"needles":`...)
		b = strconv.AppendInt(b, int64(x.Needles), 10)
	}
	if x.Born > 0 {
		b = append(b, `,"born":`...)
		b = strconv.AppendInt(b, int64(x.Born), 10)
	}
	return append(appendShapes(b, x.Shapes), '}')
}

// appendHits appends an array of places, where there are any.
func appendHits(b []byte, hits []exchange.Hit) []byte {
	for i, h := range hits {
		lead := `,{"place":`
		if i == 0 {
			lead = `,"hits":[{"place":`
		}
		b = append(b, lead...)
		b = appendText(b, h.Place, maxName)
		b = append(b, `,"form":`...)
		b = appendText(b, h.Form, maxName)
		b = append(b, `,"offset":`...)
		b = append(strconv.AppendInt(b, h.Offset, 10), '}')
	}
	if len(hits) > 0 {
		b = append(b, ']')
	}
	return b
}

// appendShapes appends an object of names and counts, where there are any.
func appendShapes(b []byte, shapes []exchange.Sighting) []byte {
	for i, s := range shapes {
		lead := `,`
		if i == 0 {
			lead = `,"shapes":{`
		}
		b = append(b, lead...)
		b = appendText(b, s.Name, maxName)
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(s.Count), 10)
	}
	if len(shapes) > 0 {
		b = append(b, '}')
	}
	return b
}

// appendText appends s as a JSON string, cut to limit bytes with a mark that
// says how many are missing.
func appendText(b []byte, s string, limit int) []byte {
	b = append(b, '"')
	if len(s) <= limit {
		b = appendEscaped(b, s, quoteJSON)
	} else {
		cut := cutAt(s, limit)
		b = appendEscaped(b, s[:cut], quoteJSON)
		b = append(b, "…[+"...)
		b = strconv.AppendInt(b, int64(len(s)-cut), 10)
		b = append(b, " bytes]"...)
	}
	return append(b, '"')
}

// cutAt is the last place at or before limit that splits no rune.
func cutAt(s string, limit int) int {
	for i := limit; i > limit-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return limit // not UTF-8
}

// appendKeys appends an array of strings, cut like one text, with a mark that
// says how many keys are missing.
func appendKeys(b []byte, keys []string) []byte {
	b = append(b, '[')
	left := maxText
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		if left < len(k) || i == maxQueryKeys {
			b = append(b, `"…[+`...)
			b = strconv.AppendInt(b, int64(len(keys)-i), 10)
			b = append(b, ` keys]"`...)
			break
		}
		b = appendText(b, k, maxText)
		left -= len(k)
	}
	return append(b, ']')
}

// appendMillis appends d as milliseconds with three decimals.
func appendMillis(b []byte, d time.Duration) []byte {
	us := max(d, 0).Microseconds()
	b = strconv.AppendInt(b, us/1000, 10)
	us %= 1000
	return append(b, '.', byte('0'+us/100), byte('0'+us/10%10), byte('0'+us%10))
}
