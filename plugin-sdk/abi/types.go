// Package abi is the Go twin of ../ABI.md: the constants, messages and codec
// that a plugin and its host share. It imports nothing but the standard
// library's small packages, so that it costs a guest little.
package abi

// The exports of ABI v1.
const (
	ExportBuffer       = "seks_v1_buffer"        // (size i32) → ptr i32
	ExportManifest     = "seks_v1_manifest"      // () → ptr<<32|len i64
	ExportPlan         = "seks_v1_plan"          // (len i32) → ptr<<32|len i64
	ExportScrub        = "seks_v1_scrub"         // (len i32) → ptr<<32|len i64
	ExportRequestBody  = "seks_v1_request_body"  // optional: (len i32, flags i32) → ptr<<32|len i64
	ExportResponseBody = "seks_v1_response_body" // optional: (len i32, flags i32) → ptr<<32|len i64
	ExportConfigure    = "seks_v1_configure"     // optional: (len i32) → ptr<<32|len i64
)

// Limits that the host holds a plugin to, in bytes unless it says otherwise.
const (
	MaxManifest   = 256 << 10
	MaxPlan       = 256 << 10
	MaxView       = 512 << 10
	MaxBodyInView = 64 << 10
	MaxProgram    = 16 << 10 // one expression
	MaxOps        = 256      // operations in one expression
	MaxStack      = 32       // values on the stack of one expression
	MaxValue      = 64 << 10 // any value on that stack
	MaxEdits      = 128
	MaxOperations = 1024      // in one plan
	MaxChecks     = 32        // in one plan, or one body result
	MaxWork       = 4 << 20   // that the expressions of one plan, or one body result, work on
	MaxSignatures = 4         // by RSA, ECDSA or Ed25519 in one plan, or one body result
	MaxBodyOutput = 256 << 10 // what the segments of one body result come to
	MaxBodyHashed = 1 << 20   // of a request that is hashed first
	MaxKey        = 1 << 10   // bytes of a key behind the prefix of its shape
	MaxParameters = 16 << 10  // of one provider
	MaxContext    = 16 << 10  // of a plan for its body calls
	MaxHints      = 16        // in one manifest
)

// Manifest is what a plugin says of itself, once.
type Manifest struct {
	Name            string      // 1: [a-z][a-z0-9-]{0,31}
	Version         string      // 2: of the plugin
	Title           string      // 3: one line for people
	Upstreams       []Upstream  // 4: the first is the main one
	VersionPrefixes []string    // 5: "/v1"; the first is added to a path that has none of them
	Fields          []Field     // 6: what a credential for this provider holds
	TokenSlots      []Slot      // 7: where this API's clients put their key
	Headers         []string    // 8: request headers that the view must bring, in lower case; a * at its end stands for any rest
	Bodies          []BodyNeed  // 9: requests whose body the view must bring
	NeedsTime       bool        // 10: the view brings the time; such plans are never kept
	OpaquePaths     bool        // 11: "//" and dots in a path are names, not structure (S3)
	OpaqueBodies    bool        // 12: coded bodies are searched as they are (S3)
	ErrorShape      ErrorShape  // 13
	KeyShapes       []KeyShape  // 14: what this API's secrets look like
	Operations      []Operation // 15: the catalogue
	// Parameters that an operator may give, by name.
	Parameters []ParameterNeed // 16
	Subdomains bool            // 17: a name below a host of the broker's for this provider is its too (S3's buckets)
	Hints      []Hint          // 18: what to say to a request that shows no token
}

// HintKind says where a Hint looks.
type HintKind uint64

// The kinds of hint.
const (
	HintHeader HintKind = 1 // a header with that name whose value begins with Prefix, compared without case
	HintQuery  HintKind = 2 // a query parameter of that name
)

// Hint is what to say to a client that carries its key in a way that the plugin
// can't serve.
type Hint struct {
	Kind    HintKind // 1
	Name    string   // 2: header in lower case, or query parameter
	Prefix  string   // 3: for HintHeader
	Message string   // 4: one line, for the agent
}

// ParameterNeed describes one parameter that the plugin takes.
type ParameterNeed struct {
	Name string // 1: [a-z][a-z0-9_]{0,31}
	Help string // 2: one line for people
}

// Parameters are what the operator gives one provider's instances.
type Parameters struct {
	Parameters []Parameter // 1: in the order of their names
}

// Parameter is one of them.
type Parameter struct {
	Name  string // 1
	Value string // 2
}

// Upstream is a host that the plugin may send to.
type Upstream struct {
	Name string // 1: "main", "uploads"
	URL  string // 2: https://host[:port][/base], no query, no wildcard
}

// FieldUse says what may become of a credential field.
type FieldUse uint64

// The uses. Zero is none: a field without a use is refused.
const (
	UsePublic FieldUse = 1 // an account id: may go anywhere, is not scrubbed
	UseReveal FieldUse = 2 // leaves as it is, to its sinks only
	UseSign   FieldUse = 3 // leaves only inside a signature of a declared shape
)

// Field is one field of a credential.
type Field struct {
	Name       string   // 1: [a-z][a-z0-9_]{0,31}
	Use        FieldUse // 2
	Main       bool     // 3: takes the bare value of `seks credential set`
	Optional   bool     // 4
	Help       string   // 5: one line for people
	Prefix     string   // 6: what a value begins with; another is a warning
	Sinks      []Sink   // 7: for UseReveal
	SignShapes [][]byte // 8: for UseSign: programs with OpAny for what may vary
}

// SinkKind says where a revealed field may go.
type SinkKind uint64

// The kinds of sink.
const (
	SinkHeader SinkKind = 1
	SinkQuery  SinkKind = 2
	SinkForm   SinkKind = 3 // a field of a form body
	SinkJSON   SinkKind = 4 // a field of a JSON body
)

// Sink is one place that a field may go to.
type Sink struct {
	Kind SinkKind // 1
	Name string   // 2: headers in lower case
}

// SlotKind says how a client carries its key.
type SlotKind uint64

// The kinds of token slot.
const (
	SlotHeader  SlotKind = 1 // Name: Scheme value; without Scheme the whole value
	SlotQuery   SlotKind = 2 // ?Name=value
	SlotBasic   SlotKind = 3 // the password of Authorization: Basic
	SlotAWSSig4 SlotKind = 4 // the access key id of a SigV4 header or query
)

// Slot is one place where a client may put its key.
type Slot struct {
	Kind   SlotKind // 1
	Name   string   // 2: header in lower case, or query parameter
	Scheme string   // 3: "Bearer", compared without case
}

// BodyNeed names requests whose body, up to MaxBodyInView, plan must see.
type BodyNeed struct {
	Method string // 1: "" for any
	Path   string // 2: a pattern, as in Operation
}

// ErrorShape is how the API writes errors. Body is a template with {{code}},
// {{word}}, {{message}}, {{status}} and {{request_id}}, escaped for ContentType.
type ErrorShape struct {
	ContentType string       // 1
	Body        string       // 2
	Statuses    []CodeStatus // 3
}

// CodeStatus gives one of the broker's codes another status, or the API's own
// word for it. Further rows of a code are for refusals and checks that name their
// word.
type CodeStatus struct {
	Code   string // 1
	Status uint64 // 2: 0: the broker's own
	Word   string // 3: what stands for {{word}}; "" is the code
}

// KeyShape is what one kind of this API's secrets looks like.
type KeyShape struct {
	Name     string // 1
	Prefix   string // 2
	Alphabet string // 3: the bytes that may follow, ranges as in "A-Za-z0-9_-"
	Min, Max uint64 // 4, 5: how many follow the prefix
}

// Class says how far an operation reaches. Zero is unknown: it meets every
// deny and no allow.
type Class uint64

// The classes.
const (
	ClassUnknown Class = 0
	ClassRead    Class = 1
	ClassWrite   Class = 2
	ClassGrant   Class = 3 // mints access that outlives the token
)

// Operation is one row of the catalogue. In Path, {name} stands for one
// segment, {name}:verb for one that ends with :verb, and a last segment
// {name...} for the rest.
type Operation struct {
	Name   string // 1: "chat.completions.create"
	Class  Class  // 2
	Method string // 3
	Path   string // 4: the upstream path, "/v1/chat/completions"
}

// Header is one header line, its name as it was sent.
type Header struct {
	Name  string // 1
	Value string // 2
}

// BodyState says what Body in a View is.
type BodyState uint64

// The states of a body in a view.
const (
	BodyAbsent  BodyState = 0 // not asked for, or there is none
	BodyWhole   BodyState = 1 // Body is all of it
	BodyUnknown BodyState = 2 // too long, coded or doubtful: judge it as unknown
)

// View is what the host shows a plugin of a request. Proxy tokens are cut out.
type View struct {
	Method            string    // 1
	Scheme            string    // 2: "http" or "https", as received
	Target            string    // 3: the request target, as received
	Authority         string    // 4: Host, as received
	Mount             string    // 5: "/api/openai"; "" at a host name of the provider's own
	Path              string    // 6: the path below the mount, with its version prefix
	Query             string    // 7: raw, without "?"
	Headers           []Header  // 8: those of Manifest.Headers, with repeats
	UpstreamAuthority string    // 9: of the main upstream
	UpstreamBase      string    // 10: its base path
	Time              uint64    // 11: Unix seconds, where NeedsTime
	BodyState         BodyState // 12
	Body              []byte    // 13
	TokenID           string    // 14: for SlotAWSSig4: the public name of the token
	Subdomain         string    // 15: where Subdomains: "bucket" of bucket.s3.broker.example
}

// EditKind says what an edit changes.
type EditKind uint64

// The kinds of edit.
const (
	SetHeader    EditKind = 1
	AddHeader    EditKind = 2
	RemoveHeader EditKind = 3
	SetQuery     EditKind = 4 // one parameter; the value is percent-encoded by the host
	AddQuery     EditKind = 5
	RemoveQuery  EditKind = 6
	SetPath      EditKind = 7 // the whole upstream path
	SetRawQuery  EditKind = 8 // the whole query
	SetJSON      EditKind = 9 // a top-level string field of a small JSON body
	SetForm      EditKind = 10
)

// Edit is one change to the request. Value is an expression.
type Edit struct {
	Kind  EditKind // 1
	Name  string   // 2
	Value []byte   // 3: a program
}

// Act is one operation that a request does. Policy must permit each.
type Act struct {
	Name     string // 1
	Class    Class  // 2
	Resource string // 3: a path
	Method   string // 4: by which rules judge Resource; "": it is the request's own path
}

// Check is an equality that must hold, compared in constant time.
type Check struct {
	A, B []byte // 1, 2: programs
	Code string // 3: the code to refuse with; signature_invalid where empty

	Word    string // 4: the API's own word for it; "" is that of the code
	Message string // 5: one line for the agent; "" is the broker's own
}

// BodyMode says how the request body leaves.
type BodyMode uint64

// The modes of a request body.
const (
	BodyPass      BodyMode = 0 // streams as it came
	BodyHashFirst BodyMode = 1 // read whole, up to 1 MiB, before the plan is evaluated
	BodyTransform BodyMode = 2 // through seks_v1_request_body
)

// Refusal is the plugin's own no.
type Refusal struct {
	Code    string // 1: one of the broker's codes
	Message string // 2
	Word    string // 3: the API's own word for it; "" is that of the code
}

// Plan is what a plugin answers to a View.
type Plan struct {
	Edits         []Edit   // 1
	Upstream      string   // 2: the name of one of the manifest's; "" is the main one
	Acts          []Act    // 3: none: the host looks the request up in the catalogue
	Checks        []Check  // 4
	BodyMode      BodyMode // 5
	Refusal       *Refusal // 6
	InspectAnswer bool     // 7: call seks_v1_scrub with the answer's head
	Digests       uint64   // 8: for BodyTransform: bit 1<<h: the body's running digest with Hash h is kept
	BodySize      uint64   // 9: for BodyTransform: the length of what comes out, plus one; 0: not known, and it goes in chunks
	BodyContext   []byte   // 10: for BodyTransform: what the body calls are to know; the input of a call of their own, ahead of the first piece
}

// AnswerHead is what seks_v1_scrub sees.
type AnswerHead struct {
	Status  uint64   // 1
	Headers []Header // 2
	Method  string   // 3: of the request, as sent upstream
	Path    string   // 4
	// Origin is the upstream's URL with its base path, and Public the broker's own
	// for this provider, for rewriting links. Neither ends in a slash.
	Origin string // 5
	Public string // 6
}

// Rewrite replaces the start of a header's URLs.
type Rewrite struct {
	Header   string // 1
	From, To string // 2, 3
}

// ScrubPlan adds to the host's own scrubbing; it can take none of it away.
type ScrubPlan struct {
	Drop          []string  // 1: headers
	Mask          []string  // 2: headers whose whole value is masked
	Rewrites      []Rewrite // 3
	KeepCookies   []string  // 4: names of cookies that may pass
	SecretFields  []string  // 5: JSON paths ("result.value") of secrets born in this answer
	TransformBody bool      // 6: through seks_v1_response_body
	Links         []string  // 7: members of a JSON answer ("url", "*_url") whose links name the broker
}

// Flags of a body call.
const (
	FlagLast  uint32 = 1 // this is the last piece
	FlagFirst uint32 = 2 // this is the first piece: nothing of a body before it counts
	// FlagContext says that the input is the plan's BodyContext, ahead of the first
	// piece. FlagFirst is then set with it, and not with a piece.
	FlagContext uint32 = 4
)

// SegmentKind says what a segment of a body call's answer is.
type SegmentKind uint64

// The kinds of segment.
const (
	SegmentInput   SegmentKind = 1 // input[Offset:Offset+Length]
	SegmentLiteral SegmentKind = 2
	SegmentValue   SegmentKind = 3 // a program
)

// Segment is one piece of a transformed body.
type Segment struct {
	Kind           SegmentKind // 1
	Offset, Length uint64      // 2, 3
	Bytes          []byte      // 4: the literal, or the program
}

// BodyResult is what a body call answers.
type BodyResult struct {
	Segments []Segment // 1
	Checks   []Check   // 2
}
