package token

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

func numbered(i int) digest {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
}

func TestCacheIsBounded(t *testing.T) {
	const entries = 64
	c := newCache(entries)
	for i := range 100 * entries {
		d := numbered(i)
		r, ticket := c.get(&d)
		if r != nil {
			t.Fatal("it was never put")
		}
		want := &Record{}
		c.put(&d, want, ticket)
		if got, _ := c.get(&d); got != want {
			t.Fatal("the newest is not there")
		}
	}
	total := 0
	for i := range c.shards {
		total += len(c.shards[i].records)
	}
	if total != entries {
		t.Errorf("%d entries, want %d", total, entries)
	}
}

func TestFullCacheKeepsOthersWhenOneIsPutAgain(t *testing.T) {
	c := newCache(1) // one a shard
	a := numbered(1)
	for range 2 {
		_, ticket := c.get(&a)
		c.put(&a, &Record{ID: "a"}, ticket)
	}
	if r, _ := c.get(&a); r == nil {
		t.Error("putting it again pushed it out")
	}
}

func TestDropShutsOutOlderTickets(t *testing.T) {
	c := newCache(64)
	d := numbered(1)
	_, before := c.get(&d)
	c.drop(&d)
	c.put(&d, &Record{}, before)
	if r, _ := c.get(&d); r != nil {
		t.Error("a record that was read before the drop got in")
	}
	_, after := c.get(&d)
	c.put(&d, &Record{}, after)
	if r, _ := c.get(&d); r == nil {
		t.Error("a record that was read after the drop was kept out")
	}
}
