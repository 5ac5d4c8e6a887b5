package token

import (
	"crypto/sha256"
	"sync"
)

type digest = [sha256.Size]byte

// shards keep many cores from meeting at one lock.
const shards = 16

// cache holds decoded records by the token's digest; revoked and expired ones
// too, so that their agents, who often retry, cost no more than others. What is
// not in the store is not remembered: anybody can invent such tokens without
// end. Records in it are never changed.
type cache struct {
	perShard int
	shards   [shards]shard
}

type shard struct {
	mu      sync.RWMutex
	records map[digest]*Record
	// dropped counts the drops. A record read from the store before a drop must
	// not get in after it.
	dropped uint64
}

func newCache(entries int) *cache {
	c := &cache{perShard: max(1, entries/shards)}
	for i := range c.shards {
		c.shards[i].records = map[digest]*Record{}
	}
	return c
}

func (c *cache) shard(d *digest) *shard { return &c.shards[d[0]%shards] }

// get returns the record, or nil and the ticket for put: it has to be drawn
// before the store is read.
func (c *cache) get(d *digest) (r *Record, ticket uint64) {
	s := c.shard(d)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.records[*d], s.dropped
}

// put keeps a record unless something was dropped since the ticket was drawn.
// A full cache forgets any other one: all can be read again.
func (c *cache) put(d *digest, r *Record, ticket uint64) {
	s := c.shard(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped != ticket {
		return
	}
	if _, there := s.records[*d]; !there && len(s.records) >= c.perShard {
		for other := range s.records {
			delete(s.records, other)
			break
		}
	}
	s.records[*d] = r
}

// drop forgets a record, after the store has the new one and before the caller
// is told so.
func (c *cache) drop(d *digest) {
	s := c.shard(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped++
	delete(s.records, *d)
}
