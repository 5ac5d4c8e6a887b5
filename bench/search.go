package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/seksbot/seks-broker/bench/figures"
)

// searchSize is how much of each kind of body is searched.
const searchSize = 128 << 20

// search times the scrubber's search by `seks scrub`, a filter around it, beside
// ripgrep and a loop of bytes.Index, which have a few of the forms listed, and nginx,
// which has three of one secret. What
// counts is CPU time, so that other work on the machine matters little; the time
// that a program takes for an empty body is taken off.
func search(b *bench, table *figures.Table) {
	dir, err := os.MkdirTemp("", "bench-search-")
	if err != nil {
		b.failed = append(b.failed, err)
		return
	}
	defer os.RemoveAll(dir)
	r := rand.New(rand.NewPCG(1, 2))
	secrets := make([]string, 10000)
	for i := range secrets {
		secrets[i] = "sk-" + word(r, 48)
	}
	for _, body := range searchBodies(r, secrets[0]) {
		file := filepath.Join(dir, "body")
		if err := os.WriteFile(file, bytes.Repeat(body.block, searchSize/len(body.block)), 0o600); err != nil {
			b.failed = append(b.failed, err)
			return
		}
		for i, n := range body.secrets {
			if i == 0 {
				c := table.Case(fmt.Sprintf("%s, %d secrets", body.name, n))
				if err := b.searchNginx(c, dir, file, secrets[0]); err != nil {
					b.failed = append(b.failed, fmt.Errorf("search, %s, nginx: %w", body.name, err))
				}
			}
			if err := b.searchOne(table, dir, file, body, secrets[:n]); err != nil {
				b.failed = append(b.failed, fmt.Errorf("search, %s, %d secrets: %w", body.name, n, err))
			}
		}
	}
}

func (b *bench) searchOne(table *figures.Table, dir, file string, body searchBody, secrets []string) error {
	n := len(secrets)
	needles, listed := filepath.Join(dir, "needles"), filepath.Join(dir, "listed")
	forms := listedForms(secrets)
	if err := os.WriteFile(needles, []byte(strings.Join(secrets, "\n")), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(listed, []byte(strings.Join(forms, "\n")), 0o600); err != nil {
		return err
	}
	programs := []struct {
		name string
		args []string
	}{
		{"seks scrub, all forms", []string{filepath.Join(b.options.build, "seks"), "scrub", "--needles-from", needles}},
		{"ripgrep -F, 6 forms listed", []string{"rg", "-a", "-F", "-c", "--no-mmap", "-f", listed, "-"}},
	}
	c := table.Case(fmt.Sprintf("%s, %d secrets", body.name, n))
	for range b.options.rounds {
		for i, p := range programs {
			if _, err := exec.LookPath(p.args[0]); err != nil {
				c.Note(p.name, "not installed")
				continue
			}
			idle, err := cpu(p.args, os.DevNull)
			if err != nil {
				return err
			}
			took, err := cpu(p.args, file)
			if err != nil {
				return err
			}
			if idle > time.Second && took-idle < idle/4 { // what its start takes differs by more than that from run to run
				c.Note(p.name, fmt.Sprintf("starts for %.0f s", idle.Seconds()))
				continue
			}
			c.Add(p.name, rate(took-idle))
			if i == 0 {
				read, err := reading(file)
				if err != nil {
					return err
				}
				c.Add("… less its reading of the file", rate(took-idle-read))
			}
		}
		if n <= 10 { // more would take minutes
			c.Add("bytes.Index, 6 forms listed", naive(body.block, forms))
		}
	}
	return nil
}

// rate is GB a CPU second.
func rate(took time.Duration) float64 {
	return searchSize / 1e9 / max(took, time.Millisecond).Seconds()
}

// reading is the CPU time of reading a file, which nginx's row has not in it either.
func reading(file string) (time.Duration, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	begin := threadTime()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 64<<10))
	return threadTime() - begin, err
}

// cpu is the CPU time of a program with that file as its input.
func cpu(args []string, input string) (time.Duration, error) {
	in, err := os.Open(input)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	p := exec.Command(args[0], args[1:]...)
	p.Stdin = in
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	p.Stdout = null
	err = p.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !(strings.HasSuffix(args[0], "rg") && asExit(err, &exit) && exit.ExitCode() == 1) { // rg's 1: nothing was found
		return 0, err
	}
	return p.ProcessState.UserTime() + p.ProcessState.SystemTime(), nil
}

func asExit(err error, exit **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*exit = e
	return ok
}

// naive is GB a CPU second of one pass of bytes.Index for each spelling.
func naive(block []byte, forms []string) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin, rounds := threadTime(), 0
	for threadTime()-begin < 50*time.Millisecond { // what the clock of CPU time can tell
		for _, f := range forms {
			if bytes.Contains(block, []byte(f)) {
				panic("a random secret stands in a random body")
			}
		}
		rounds++
	}
	return float64(rounds*len(block)) / 1e9 / (threadTime() - begin).Seconds()
}

func threadTime() time.Duration {
	const rusageThread = 1
	var u syscall.Rusage
	_ = syscall.Getrusage(rusageThread, &u) // its arguments are good
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// listedForms are what a program that only compares can have listed: raw, base64
// at three alignments in two alphabets where they differ, and hex in two cases.
func listedForms(secrets []string) (list []string) {
	for _, s := range secrets {
		list = append(list, s, hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))))
		for before := range 3 {
			text := base64.RawStdEncoding.EncodeToString([]byte("xx"[:before] + s + "xx"))
			list = append(list, text[(8*before+5)/6:8*(before+len(s))/6])
		}
	}
	return list
}

type searchBody struct {
	name    string
	block   []byte
	secrets []int
}

func searchBodies(r *rand.Rand, secret string) []searchBody {
	const size = 1 << 20
	var doc, event strings.Builder
	for doc.Len() < size {
		fmt.Fprintf(&doc, `{"id":"chatcmpl-%s","created":%d,"choices":[{"index":%d,"message":{"role":"assistant","content":"%s"}}]},`, word(r, 24), r.Uint32(), r.IntN(9), sentence(r))
		fmt.Fprintf(&event, "event: delta\ndata: {\"i\":%d,\"delta\":\"%s\"}\n\n", r.IntN(999), word(r, 1+r.IntN(9)))
	}
	random := make([]byte, size)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	text := doc.String()[:size]
	var escaped strings.Builder
	for _, c := range []byte(text[:size/6]) {
		fmt.Fprintf(&escaped, `\u%04x`, c)
	}
	many, few := []int{1, 10, 100, 1000, 10000}, []int{10, 1000}
	list := []searchBody{
		{"JSON", []byte(text), many},
		{"events", []byte(event.String()), many},
		{"base64", []byte(base64.StdEncoding.EncodeToString(random))[:size], many},
		{"base64 of JSON", []byte(base64.StdEncoding.EncodeToString([]byte(text)))[:size], few},
		{"all \\u escapes", []byte(escaped.String()), many},
		{"binary", random, many},
	}
	for _, worst := range [][2]string{
		{"near misses", secret[:50] + "?"}, {"one letter", "A"}, {"base64 of base64", "QUFB"}, {"percent signs", "%25"}, {"backslashes", `\`},
		{"ampersands", "&amp;"}, {"references", "&#x41"}, {"equals signs", "=A"}, {"quoted-printable", "=26%5c"}, {"escapes of three kinds", "\\=\nA"},
		{"short lines", "abc\n"}, {"shorter lines", "\nA"}, {"hex in lines", "41\n31"}, {"colons", "ab:cd:"},
		{"words", "Ab0" + strings.Repeat("cdefgh", 10) + " "}, {"base64 at each cut", strings.Repeat("V", 70)}, {"the same, escapes between", "=3D" + strings.Repeat("V", 70) + "\n\\u"},
		{"tokens of a byte or two", "=\n&#\\"}, {"the secret in references, over and over", references(secret) + " "},
		{"its hex in lines, over and over", lines(hex.EncodeToString([]byte(secret)))}, {"the same, a byte short", lines(hex.EncodeToString([]byte(secret[:50])))},
	} {
		list = append(list, searchBody{"worst case: " + worst[0], bytes.Repeat([]byte(worst[1]), size/len(worst[1])), []int{10}})
	}
	for _, mixed := range []struct {
		name   string
		pieces []string
	}{ // no processor can guess what is next
		{"tokens by chance", []string{"=", "\n", "\\", "&", "#", "a", "41", "%"}},
		{"escapes by chance", []string{"=41", "%41", "\\u0041", "&#65;", "A", "\n", "="}},
		{"escapes in one another, by chance", []string{"%5c", "=\n", "&#37;", "u0041", "41", "=26", "amp;", "\\/", "=3D"}},
		{"base64 at each cut and escapes, by chance", []string{strings.Repeat("V", 25), "=41", "%41"}},
		{"base64 at two cuts, references and escapes, by chance", []string{"&#x26;", strings.Repeat("Q", 25), "=26", "#x", strings.Repeat("U", 16), "\\"}},
		{"hex, references and escapes, by chance", []string{"&#x", "%", strings.Repeat("3", 50), "=41", "&#x26;"}},
	} {
		var body strings.Builder
		for body.Len() < size {
			body.WriteString(mixed.pieces[r.IntN(len(mixed.pieces))])
		}
		list = append(list, searchBody{"worst case: " + mixed.name, []byte(body.String()[:size]), []int{10}})
	}
	return list
}

func references(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "&#%d;", c)
	}
	return b.String()
}

// lines breaks a text behind each 20 bytes.
func lines(s string) string {
	var b strings.Builder
	for ; len(s) > 20; s = s[20:] {
		b.WriteString(s[:20] + "\n")
	}
	return b.String() + s + ","
}

func word(r *rand.Rand, n int) string {
	const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = all[r.IntN(len(all))]
	}
	return string(b)
}

func sentence(r *rand.Rand) string {
	var b strings.Builder
	for range 40 {
		b.WriteString(strings.ToLower(word(r, 1+r.IntN(9))))
		b.WriteString([]string{" ", " ", " ", " ", " ", " ", " ", ", ", `\n`, `\"`}[r.IntN(10)])
	}
	return b.String()
}
