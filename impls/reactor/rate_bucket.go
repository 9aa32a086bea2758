package reactor

import (
	"math"
	"time"
)

// mostTokens is as good as no limit, and far enough from the end of int to count from a debt up to there.
const mostTokens = math.MaxInt >> 2

// A bucket has the tokens of one direction. What it has may fall below 0: a debt is paid by the next ticks.
type bucket struct {
	Rate
	left int
}

func (k *bucket) limited() bool { return k.PerTick > 0 }

func (k *bucket) refill(ticks int64) {
	if missing := int64(k.Burst) - int64(k.left); ticks >= missing/int64(k.PerTick)+1 {
		k.left = k.Burst
	} else {
		k.left = min(k.Burst, k.left+int(ticks)*k.PerTick)
	}
}

// take takes n tokens out, or puts some in if n is negative. A debt too has a bound.
func (k *bucket) take(n int) {
	switch {
	case n < 0 && k.left > k.Burst+n:
		k.left = k.Burst
	case n > 0 && k.left < n-mostTokens:
		k.left = -mostTokens
	default:
		k.left -= n
	}
}

// ticksTo is how many ticks it takes until there is a token.
func (k *bucket) ticksTo() int64 {
	if k.left > 0 {
		return 0
	}
	return (int64(k.PerTick) - int64(k.left)) / int64(k.PerTick)
}

// buckets are those of both directions, with the clock that fills them.
type buckets struct {
	each [2]bucket // see way
	tick time.Duration
	from moment // when the present tick began
}

// way is the index of a direction.
func way(direction What) int {
	if direction == Read {
		return 0
	}
	return 1
}

// set begins with new rates; what was saved up, or is owed, stays as far as the new burst allows.
func (k *buckets) set(l RateLimit, now moment) {
	first := k.tick == 0
	for i, r := range [2]Rate{l.Read, l.Write} {
		was := k.each[i]
		k.each[i] = bucket{r, r.PerTick}
		if !first && was.limited() && r.PerTick > 0 {
			k.each[i].left = min(was.left, r.Burst)
		}
	}
	k.tick, k.from = l.Tick, now
}

// pass counts the ticks since the last time in, and reports whether there were any.
func (k *buckets) pass(now moment) bool {
	ticks := int64(now-k.from) / int64(k.tick)
	if ticks <= 0 {
		return false
	}
	k.from += moment(ticks * int64(k.tick))
	for i := range k.each {
		if k.each[i].limited() {
			k.each[i].refill(ticks)
		}
	}
	return true
}

// due is when the bucket will have something again.
func (k *buckets) due(i int) moment {
	ticks := k.each[i].ticksTo()
	if ticks > int64(math.MaxInt64-k.from)/int64(k.tick) {
		return math.MaxInt64
	}
	return k.from + moment(ticks*int64(k.tick))
}
