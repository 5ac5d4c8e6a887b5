package pipeline

import (
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// stream is the reply's body: scrubbed, counted, and the end of the exchange
// when it is closed.
type stream struct {
	body  io.Reader // the last of the filters
	end   *end
	whole int64 // its length, -1 where it isn't known
	done  bool  // read to its end

	first   *scrub.Reader
	born    *scrub.Born   // nil for none
	second  *scrub.Reader // behind the plugin's transform; nil for none
	resized bool          // it may come out in another length
	shapes  scrub.Sighting
}

// filtered puts the answer's body through all that stands before the agent: the
// search for what we know, the secrets that were born in it, the plugin's own
// transform with a second search behind it, the shapes of keys, and the links that
// are to name the broker. decoded says
// that a coded body leaves without its coding. It is nil where there is no body.
func (e *end) filtered(a *admitted, extra *plan.Scrub, answer upstream.Answer) (s *stream, decoded bool, err error) {
	if answer.Body == nil {
		return nil, false, nil
	}
	s = &stream{end: e}
	mode, shapes := e.p.KeyShapes, e.p.Providers().Shapes
	if shapes == nil {
		mode = scrub.ShapesOff
	}
	coding := coding(answer.Headers)
	if a.plugin.Manifest.OpaqueBodies {
		coding = "" // they are searched as they are
	}
	if e.part != nil {
		if err := e.part.Refuses(coding); err != nil {
			return nil, false, err
		}
	}
	o := scrub.Options{Needles: e.needles, ContentType: value(answer.Headers, "Content-Type"), Coding: coding, OnHit: e.inBody, Part: e.part}
	if mode == scrub.ShapesLog {
		s.shapes.Begin(shapes, e)
		o.Look = s.shapes.Look
	}
	decoded = scrub.Decodes(coding)
	links := e.links(extra, answer)
	s.resized = extra.TransformBody || links
	changes := len(extra.SecretFields) > 0 || s.resized || mode == scrub.ShapesMask
	if decoded && !changes && answer.Length >= 0 && answer.Length <= scrub.MaxWhole {
		var asSent bool
		if s.first, asSent, err = scrub.NewWholeReader(answer.Body, answer.Length, o); err != nil {
			return nil, false, err
		}
		s.looked(asSent)
		s.body = s.first
		return s, !asSent, nil
	}
	if s.first, err = scrub.NewReader(answer.Body, o); err != nil {
		return nil, false, err
	}
	s.body = s.first
	if e.part != nil {
		s.body = e.part.Reader(s.body)
	}
	if len(extra.SecretFields) > 0 {
		s.born = scrub.NewBorn(s.body, extra.SecretFields)
		s.body = s.born
	}
	if extra.TransformBody {
		remade, err := e.through(a, s.body)
		if err != nil {
			return nil, false, err
		}
		o.Coding, o.Part = "", nil
		if s.second, err = scrub.NewReader(remade, o); err != nil {
			return nil, false, err
		}
		s.body = s.second
	}
	if mode == scrub.ShapesMask {
		s.body = scrub.MaskShapes(s.body, shapes, e)
	}
	if links {
		relink := scrub.NewLinks
		if isXML(answer) {
			relink = scrub.NewXMLLinks
		}
		s.body = relink(s.body, extra.Links, e.bases(), e.public)
	}
	return s, decoded, nil
}

// links says whether the plugin has named links, and this answer may hold some.
func (e *end) links(extra *plan.Scrub, answer upstream.Answer) bool {
	kind := mediaType(answer)
	return len(extra.Links) > 0 && answer.Status != 206 && (kind == "application/json" || strings.HasSuffix(kind, "+json") || isXML(answer))
}

func isXML(answer upstream.Answer) bool {
	kind := mediaType(answer)
	return kind == "application/xml" || kind == "text/xml"
}

func mediaType(answer upstream.Answer) string {
	kind, _, _ := strings.Cut(strings.ToLower(value(answer.Headers, "Content-Type")), ";")
	return strings.TrimSpace(kind)
}

// bases are the URLs below which links lead to the provider.
func (e *end) bases() []string {
	bases := make([]string, len(e.origins))
	for i, o := range e.origins {
		bases[i] = base(o)
	}
	return bases
}

// base is an upstream's URL, below which all that it has is.
func base(upstream *url.URL) string {
	return upstream.Scheme + "://" + upstream.Host + strings.TrimSuffix(upstream.Path, "/")
}

// looked says that a coded body was looked at for key shapes as a whole. One that
// leaves decoded is looked at again as it does.
func (s *stream) looked(asSent bool) {
	s.shapes.End()
	if asSent {
		s.shapes = scrub.Sighting{}
	} else {
		s.end.x.Shapes = nil
	}
}

// Saw counts a key that is none of ours, by its shape.
func (e *end) Saw(shape string) { e.x.Shapes = exchange.Count(e.x.Shapes, shape) }

// next reads from the filters.
func (s *stream) next(p []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, Panicked(v)
		}
	}()
	n, err = s.body.Read(p)
	s.shapes.Look(p[:n])
	return n, err
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.next(p)
	s.end.x.BytesOut += int64(n)
	// Who knows the length reads so much and no more, and meets no EOF.
	if errors.Is(err, io.EOF) || s.end.x.BytesOut == s.whole {
		s.done = true
	} else if err != nil && s.end.x.Error == "" && !s.end.left.Load() {
		f := fault.From(err)
		if f.Code != fault.PluginFailed {
			f = fault.New(fault.UpstreamProtocol)
		}
		s.end.x.Error, s.end.x.Reason = string(f.Code), "the answer was cut: "+err.Error()
		s.end.x.Panicked = errors.Is(err, errPanic)
	}
	return n, err
}

// Close ends the exchange; closing it again does nothing.
func (s *stream) Close() error {
	s.end.once.Do(func() {
		defer s.end.finish()
		defer func() {
			if v := recover(); v != nil {
				s.end.survived(Panicked(v))
			}
		}()
		s.shapes.End()
		for _, r := range []*scrub.Reader{s.first, s.second} {
			if r != nil {
				_ = r.Close() // tells of what it held back too
			}
		}
		if s.born != nil {
			s.end.x.Born = s.born.Masked()
		}
		if !s.done && s.end.x.Error == "" {
			s.end.x.Reason = "the agent went away before the end"
		}
	})
	return nil
}
