package main

import (
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// What a request may not be, and how it is refused.
func TestRefusals(t *testing.T) {
	sign := func(v *seks.View, change func(authorization string) string) *seks.View {
		for i := range v.Headers {
			if v.Headers[i].Name == "Authorization" {
				v.Headers[i].Value = change(v.Headers[i].Value)
			}
		}
		return v
	}
	replace := func(old, new string) *seks.View {
		return sign(view("GET", "/b/k"), func(a string) string { return strings.Replace(a, old, new, 1) })
	}
	later := view("GET", "/b/k")
	later.Time += 15*60 + 1
	earlier := view("GET", "/b/k")
	earlier.Time -= 15*60 + 1
	long := "x-amz-date=1"
	presigned := func(query string, more ...seks.Header) *seks.View {
		v := view("GET", "/b/k?"+query)
		v.Headers = more
		return v
	}
	const good = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=seks_s3_id%2F20261123%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261123T190000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=" + emptyDigest
	for name, c := range map[string]struct {
		v    *seks.View
		want string
	}{
		"good":                               {view("GET", "/b/k"), ""},
		"good, presigned":                    {presigned(good), ""},
		"too late":                           {later, "signature_expired"},
		"too early":                          {earlier, "signature_expired"},
		"both ways":                          {view("GET", "/b/k?"+good), "bad_request"},
		"another service":                    {replace("/s3/", "/ec2/"), "bad_request AuthorizationHeaderMalformed"},
		"another day":                        {replace("/20261123/", "/20261122/"), "bad_request AuthorizationHeaderMalformed"},
		"another id":                         {replace("seks_s3_id", "seks_s3_ie"), "bad_request"},
		"Host not signed":                    {replace("host", "hose"), "signature_invalid"},
		"a header not signed":                {replace("x-amz-date", "x-amz-dates"), "signature_invalid AccessDenied"},
		"half a signature":                   {replace("Signature=e3", "Signature="), "bad_request AuthorizationHeaderMalformed"},
		"no date":                            {replace("", "") /* removed below */, "signature_invalid AccessDenied"},
		"two dates":                          {view("GET", "/b/k", "x-amz-date: "+at), "signature_invalid"},
		"a digest that is none":              {view("PUT", "/b/k", "x-amz-content-sha256: ABC"), "bad_request InvalidArgument"},
		"two digests":                        {view("PUT", "/b/k", "x-amz-content-sha256: "+unsigned, "X-Amz-Content-Sha256: "+unsigned), "bad_request"},
		"chunks of another signature":        {view("PUT", "/b/k", "x-amz-content-sha256: STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), "bad_request"},
		"chunks of no length":                {view("PUT", "/b/k", "x-amz-content-sha256: "+signedChunks), "bad_request MissingContentLength"},
		"chunks of 2^63 bytes":               {view("PUT", "/b/k", "x-amz-content-sha256: "+signedChunks, "x-amz-decoded-content-length: 9223372036854775808"), "bad_request MissingContentLength"},
		"a trailer that is none":             {view("PUT", "/b/k", "x-amz-content-sha256: "+signedTrailer, "x-amz-decoded-content-length: 1", "x-amz-trailer: x-evil"), "bad_request"},
		"a trailer unannounced":              {view("PUT", "/b/k", "x-amz-content-sha256: "+signedChunks, "x-amz-decoded-content-length: 1", "x-amz-trailer: x-amz-checksum-crc32"), "bad_request MalformedTrailerError"},
		"aws-chunked, and no word of it":     {view("PUT", "/b/k", "x-amz-content-sha256: "+unsigned, "Content-Encoding: aws-chunked"), "bad_request"},
		"a long body without a digest":       {view("PUT", "/b/k", "Content-Length: 1048577"), "body_too_large"},
		"presigned, expired":                 {presigned(strings.Replace(good, "T190000Z", "T185859Z", 1)), "signature_expired AccessDenied"},
		"presigned, of the future":           {presigned(strings.Replace(good, "T190000Z", "T191501Z", 1)), "signature_expired"},
		"presigned for longer than 7 days":   {presigned(strings.Replace(good, "Expires=60", "Expires=604801", 1)), "bad_request AuthorizationQueryParametersError"},
		"presigned for ever":                 {presigned(strings.Replace(good, "&X-Amz-Expires=60", "", 1)), "bad_request AuthorizationQueryParametersError"},
		"presigned twice":                    {presigned(good + "&X-Amz-Date=20261123T190000Z"), "bad_request AuthorizationQueryParametersError"},
		"presigned, a header more":           {presigned(good, seks.Header{Name: "x-amz-acl", Value: "public-read"}), "signature_invalid"},
		"presigned for less than nothing":    {presigned(strings.Replace(good, "Expires=60", "Expires=-60", 1)), "bad_request AuthorizationQueryParametersError"},
		"presigned for some time":            {presigned(strings.Replace(good, "Expires=60", "Expires=long", 1)), "bad_request AuthorizationQueryParametersError"},
		"presigned, another algorithm":       {presigned(strings.Replace(good, "HMAC-SHA256", "HMAC-SHA1", 1)), "bad_request AuthorizationQueryParametersError"},
		"presigned, another end":             {presigned(strings.Replace(good, "aws4_request", "aws5_request", 1)), "bad_request AuthorizationQueryParametersError"},
		"presigned, no day":                  {presigned(strings.Replace(good, "%2F20261123%2F", "%2F2026%2F", 1)), "bad_request AuthorizationQueryParametersError"},
		"presigned, a session":               {presigned(good + "&X-Amz-Security-Token=t"), "bad_request InvalidToken"},
		"a session":                          {view("GET", "/b/k", "x-amz-security-token: t"), "bad_request InvalidToken"},
		"another end":                        {replace("aws4_request", "aws5_request"), "bad_request AuthorizationHeaderMalformed"},
		"no credential":                      {replace("Credential=", "Credentials="), "bad_request AuthorizationHeaderMalformed"},
		"presigned, chunks":                  {presigned(good + "&X-Amz-Content-Sha256=" + signedChunks), "bad_request"},
		"presigned, a header's name broken":  {presigned(good + "&x-amz-meta-%0a=1"), "bad_request"},
		"presigned, a header's value broken": {presigned(good + "&x-amz-meta-a=%0a"), "bad_request"},
		"presigned, a parameter twice":       {presigned(good + "&" + long + "&" + long), "bad_request"},
	} {
		if name == "no date" {
			c.v.Headers = c.v.Headers[1:]
		}
		p := plan(c.v, place{"us-east-1", "s3", false})
		got := ""
		if p.Refusal != nil {
			got = p.Refusal.Code
			if strings.Contains(c.want, " ") {
				got += " " + p.Refusal.Word
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q\n%s", name, got, c.want, p.Text())
		}
	}
}
