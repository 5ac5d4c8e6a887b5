// Package accesslog keeps one line for every exchange: JSON Lines in zstd
// frames, which `zstd -dc DIR/*.zst | jq` reads, chained by hash and sealed with
// signed checkpoints. What follows is all that a verifier needs to know.
//
// # Reserve before, write after
//
// A caller takes a Slot before it does anything worth logging and fills it when
// the exchange has ended. A log that can't take a line hands out no slot, so
// nothing happens that would not be logged. In a sync log a line of intent is on
// disk before Intend returns; its outcome follows under the same id. The first
// I/O error fails the log for good: from then on it denies.
//
// # Files
//
// Segments are named 00000001.jsonl.zst, 00000002.jsonl.zst and so on. Each
// group commit appends whole zstd frames of whole lines (one, unless it is
// larger than a frame may be) and syncs the file. A file is only appended to. One
// that ends in a frame cut by a crash stays as it is, and a new segment begins:
// its lines had not been synced, and their numbers are given again. Beside the
// segments are checkpoints.jsonl, and log.pub: the Ed25519 public key, in PEM
// (PKIX, "PUBLIC KEY").
//
// # Lines
//
// A line is one JSON object with every key always there, in this order: time,
// id, tenant, agent, token_id, provider, credential, credential_version,
// operation, method, path, query_keys, status, error, decision, reason,
// client_ip, user_agent, bytes_in, bytes_out, upstream_host, upstream_ms,
// total_ms, scrubbed, seq, hash. Between scrubbed and seq, a line that has
// something to say of them has hits, needles, born and shapes. It holds no character
// that a terminal would act on. A line of intent has the decision "intent" and the status 0.
//
// # Chain
//
// seq is the line's number: 1 for the first line of a log, and one more for each
// line after, over segments and restarts. The last member of line n is
// ,"hash":"H(n)" where
//
//	H(n) = lower-case hex of SHA-256( H(n-1) ‖ B(n) )
//
// H(n-1) is the 64 hex digits of the line before, in the same segment or an
// earlier one, and 64 times "0" for line 1. B(n) is the line's bytes without the
// line feed and without the hash member: its last 75 bytes
// (,"hash":"…64 digits…"}) are replaced by one "}".
//
// # Checkpoints
//
// A line of checkpoints.jsonl is one JSON object without spaces, with these keys
// in this order:
//
//	time             when it was signed (RFC 3339, UTC)
//	segment          number of the segment that line `last` is in
//	first, last      the lines of that segment so far: their first and last number
//	hash             H(last): through the chain, it fixes every line up to `last`
//	removed          lines 1 to `removed` were taken away by retention; 0 for none
//	removed_segment  and with them the segments up to this one; 0 for none
//	removed_hash     H(removed): the chain is recomputed from it; 64 times "0" for none
//	prev             SHA-256, in hex, of the checkpoint line before (without line
//	                 feed), and 64 times "0" for the first
//	key              the first 16 hex digits of SHA-256 of the 32-byte public key
//	signature        Ed25519 (RFC 8032), 128 hex digits
//
// What is signed is the text "seks access log checkpoint 1\n" and the line's
// bytes without line feed and signature member: its last 144 bytes
// (,"signature":"…128 digits…"}) are replaced by one "}".
//
// A checkpoint is made when a segment is finished (before the next one begins,
// so every segment but the newest is sealed to its last line), five minutes
// after the first line that none covers yet, when the log is closed, when it is
// opened after a crash, and when Checkpoint asks for one. Lines after the newest
// checkpoint are chained but not signed: who can write the files can make them
// anew. Who keeps a copy of any checkpoint elsewhere can tell if a line up to
// its `last` was changed since, and if the log ends before it.
//
// # Retention
//
// Whole segments are removed, oldest first. First checkpoints.jsonl is replaced,
// in one rename, by one whose newest checkpoint has the new removed, with
// removed_segment and removed_hash; checkpoints at its beginning whose lines are
// all gone are left out (so the prev of the first one left leads nowhere). Then
// the files are removed.
package accesslog
