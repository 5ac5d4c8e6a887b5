package admin

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

// Metrics are counted from what the access log is told of each exchange. Labels are
// the names of providers, forms and key shapes, error codes and classes of statuses:
// nothing that an agent or an API could make up, so their number is bounded.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	upstream  *prometheus.HistogramVec
	bytes     *prometheus.CounterVec
	scrubbed  *prometheus.CounterVec
	born      *prometheus.CounterVec
	shapes    *prometheus.CounterVec
	needles   prometheus.Counter
	suspended prometheus.Counter
	panics    prometheus.Counter

	mu     sync.RWMutex
	common map[series]*counted
}

// series are the labels of what every exchange counts.
type series struct{ provider, class, code string }

// counted is found by its labels once, and then kept: finding it costs allocations.
type counted struct {
	requests, in, out prometheus.Counter
	seconds, upstream prometheus.Observer
}

func (m *Metrics) of(s series) *counted {
	m.mu.RLock()
	c := m.common[s]
	m.mu.RUnlock()
	if c != nil {
		return c
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c = &counted{
		requests: m.requests.WithLabelValues(s.provider, s.class, s.code),
		in:       m.bytes.WithLabelValues(s.provider, "in"), out: m.bytes.WithLabelValues(s.provider, "out"),
		seconds: m.seconds.WithLabelValues(s.provider), upstream: m.upstream.WithLabelValues(s.provider),
	}
	m.common[s] = c
	return c
}

// buckets are in seconds: from what the broker adds to what an API may take.
var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// NewMetrics makes the metrics of one broker.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), common: map[series]*counted{},
		requests: counters("seks_requests_total", "Requests that have ended, by class of status; error is the code of the broker's own.", "provider", "status", "error"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "seks_request_seconds", Buckets: buckets,
			Help: "From the request's head to the end of its answer."}, []string{"provider"}),
		upstream: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "seks_upstream_seconds", Buckets: buckets,
			Help: "From the request sent to the head of the API's answer."}, []string{"provider"}),
		bytes:     counters("seks_body_bytes_total", "Bytes of bodies: in, from agents, and out, to them.", "provider", "direction"),
		scrubbed:  counters("seks_scrubbed_total", "Places in answers where a stored secret was masked, by the form that it stood in.", "provider", "form"),
		born:      counters("seks_born_total", "Secrets that were made in an answer, and masked.", "provider"),
		shapes:    counters("seks_key_shapes_total", "Keys that are none of ours in answers, by their shape.", "provider", "shape"),
		needles:   prometheus.NewCounter(prometheus.CounterOpts{Name: "seks_needles_read_total", Help: "Secrets that were read to make needles anew, after credentials had changed."}),
		suspended: prometheus.NewCounter(prometheus.CounterOpts{Name: "seks_tokens_suspended_total", Help: "Tokens that were suspended, since their answers kept bearing secrets."}),
	}
	m.panics = prometheus.NewCounter(prometheus.CounterOpts{Name: "seks_panics_total", Help: "Requests that the broker failed on by a fault of its own: the log's reason says where."})
	built := prometheus.NewGauge(prometheus.GaugeOpts{Name: "seks_build_info", Help: "The version, as a label.", ConstLabels: prometheus.Labels{"version": version}})
	built.Set(1)
	m.registry.MustRegister(m.requests, m.seconds, m.upstream, m.bytes, m.scrubbed, m.born, m.shapes, m.needles, m.suspended, m.panics, built,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

var classes = [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

// class is a status's; "none" where the agent was gone before there was one.
func class(status int) string {
	if c := status / 100; 0 < c && c < len(classes) {
		return classes[c]
	}
	if status == 0 {
		return classes[0]
	}
	return strconv.Itoa(status/100) + "xx" // an API may answer with up to 999
}

// Ended counts an exchange. It is on the way of every request, and keeps nothing
// of x.
func (m *Metrics) Ended(x *exchange.Exchange) {
	c := m.of(series{x.Provider, class(x.Status), x.Error})
	c.requests.Inc()
	c.seconds.Observe(x.Total.Seconds())
	if x.Upstream > 0 {
		c.upstream.Observe(x.Upstream.Seconds())
	}
	c.in.Add(float64(x.BytesIn))
	c.out.Add(float64(x.BytesOut))
	for _, f := range x.Forms {
		m.scrubbed.WithLabelValues(x.Provider, f.Name).Add(float64(f.Count))
	}
	for _, s := range x.Shapes {
		m.shapes.WithLabelValues(x.Provider, s.Name).Add(float64(s.Count))
	}
	if x.Born > 0 {
		m.born.WithLabelValues(x.Provider).Add(float64(x.Born))
	}
	m.needles.Add(float64(x.Needles))
	if x.Panicked {
		m.panics.Inc()
	}
	if x.Suspended {
		m.suspended.Inc()
	}
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
