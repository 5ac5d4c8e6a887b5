// Command graph is a plugin of an API that is one path and whose operations are
// in its bodies, as GraphQL's are. For the tests of hosts it says in headers what
// it was shown.
package main

import (
	"bytes"
	"strconv"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/strictjson"
)

func init() { seks.Serve(provider) }

func main() {}

var provider = seks.Provider{
	Manifest: seks.Manifest{
		Name: "graph", Version: "1.0.0",
		Upstreams: []seks.Upstream{{Name: "main", URL: "https://api.example.com"}},
		Fields: []seks.CredentialField{{Name: "api_key", Use: seks.Reveal, Main: true, Sinks: []seks.Sink{
			{Kind: seks.SinkHeader, Name: "authorization"},
		}}},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
		Bodies:     []seks.BodyNeed{{Method: "POST", Path: "/graphql"}, {Path: "/shown/{rest...}"}},
	},
	Plan: func(v *seks.View) *seks.Plan {
		p := seks.Bearer("api_key").SetHeader("x-state", seks.Lit(strconv.Itoa(int(v.BodyState))))
		if v.BodyState == seks.BodyWhole {
			p.SetHeader("x-body", seks.Lit(string(v.Body[:min(len(v.Body), 200)])).Base64())
		}
		switch v.Path {
		case "/graphql":
			judge(p, v)
		case "/upper":
			p.TransformBody(seks.SHA256).Inspect()
		}
		return p
	},
	Scrub: func(*seks.AnswerHead) *seks.ScrubPlan { return &seks.ScrubPlan{TransformBody: true} },
	// It counts the pieces of each body by itself, and ends with their digest.
	RequestBody: func() seks.Body {
		total := 0
		return func(piece []byte, last bool) *seks.BodyResult {
			total += len(piece)
			r := new(seks.BodyResult).Text(bytes.ToUpper(piece))
			if last {
				r.Text([]byte("|" + strconv.Itoa(total) + "|")).Value(seks.Digest(seks.SHA256).Hex())
			}
			return r
		}
	},
	ResponseBody: func() seks.Body {
		return func(piece []byte, _ bool) *seks.BodyResult { return seks.Pass(piece) }
	},
}

// judge names every operation of a body, which may be a batch of them, or none
// that it could name.
func judge(p *seks.Plan, v *seks.View) {
	doc, err := strictjson.Parse(v.Body)
	if v.BodyState != seks.BodyWhole || err != nil {
		p.Act("graphql.unknown", seks.Unknown, v.Path)
		return
	}
	batch := doc.Items()
	if doc.Kind() == strictjson.Object {
		batch = []*strictjson.Value{doc}
	}
	if len(batch) == 0 {
		p.Act("graphql.unknown", seks.Unknown, v.Path)
	}
	for _, item := range batch {
		query, _ := item.Get("query").Text()
		switch kind, name, _ := strings.Cut(query, " "); {
		case kind == "query":
			p.Act("graphql.query", seks.Read, v.Path)
		case kind == "mutation" && strings.HasPrefix(name, "createKey"):
			p.Act("graphql.createKey", seks.Grant, v.Path)
		case kind == "mutation":
			p.Act("graphql.mutation", seks.Write, v.Path)
		default:
			p.Act("graphql.unknown", seks.Unknown, v.Path)
		}
	}
}
