package link

import (
	"bytes"
	"container/heap"
	"time"
)

// A way is one direction of a link: a goroutine that reads, and one that holds packets until their time has come.
type way struct {
	link      *Link
	direction Direction
	arrivals  chan []byte
	number    int // of the next packet
	underWay  queue
	delivered int // breaks ties, so that packets with the same delay stay in order
}

func (w *way) read() {
	defer close(w.arrivals)
	buffer := make([]byte, 64<<10)
	for {
		n, err := w.link.ends[w.direction].Read(buffer)
		if err != nil {
			return
		}
		if isIPv4(buffer[:n]) {
			w.arrivals <- bytes.Clone(buffer[:n])
		}
	}
}

func (w *way) forward() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case packet, ok := <-w.arrivals:
			if !ok {
				return
			}
			w.arrive(packet)
		case <-timer.C:
		}
		if wait := w.deliverDue(); wait > 0 {
			timer.Reset(wait)
		}
	}
}

func (w *way) arrive(packet []byte) {
	deliver, delay := w.link.decide(w.direction, w.number, packet)
	w.number++
	for _, p := range deliver {
		heap.Push(&w.underWay, parcel{time.Now().Add(delay), w.delivered, p})
		w.delivered++
	}
}

// deliverDue delivers what has come to its time, and returns how long the next one has, or 0 if there is none.
func (w *way) deliverDue() time.Duration {
	for len(w.underWay) > 0 {
		if wait := time.Until(w.underWay[0].due); wait > 0 {
			return wait
		}
		next := heap.Pop(&w.underWay).(parcel)
		w.link.ends[1-w.direction].Write(next.packet) // an interface that is down takes nothing: one packet lost
	}
	return 0
}

// A parcel is a packet under way.
type parcel struct {
	due    time.Time
	order  int
	packet []byte
}

// A queue is a heap of parcels, the next one to be delivered first.
type queue []parcel

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].due.Before(q[j].due) || q[i].due.Equal(q[j].due) && q[i].order < q[j].order
}
func (q *queue) Push(p any) { *q = append(*q, p.(parcel)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
