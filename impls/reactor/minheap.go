package reactor

// minheap has the earliest deadline on top.
//
// It has four children a node: half as deep as with two, and the four stand side by side in memory. The deadline is kept
// beside the event, so that comparing touches no event. Equal deadlines come out in the order in which they went in.
type minheap struct {
	nodes    []heapNode
	sequence uint64
}

// A heapNode is due at its deadline, which may lie before that of its event (see timeout.go), never after.
type heapNode struct {
	deadline moment
	sequence uint64
	event    *Event
}

func (n heapNode) before(m heapNode) bool {
	return n.deadline < m.deadline || n.deadline == m.deadline && n.sequence < m.sequence
}

func (h *minheap) len() int { return len(h.nodes) }

// put enters e, or moves it if it is there, to deadline.
func (h *minheap) put(e *Event, deadline moment) {
	h.sequence++
	h.putNode(heapNode{deadline, h.sequence, e})
}

func (h *minheap) putNode(node heapNode) {
	e := node.event
	if e.heapPlace == 0 {
		h.nodes = append(h.nodes, node)
		h.up(len(h.nodes)-1, node)
		return
	}
	at := int(e.heapPlace) - 1
	if node.before(h.nodes[at]) {
		h.up(at, node)
	} else {
		h.down(at, node)
	}
}

// remove takes e out; the last node fills the gap.
func (h *minheap) remove(e *Event) {
	if e.heapPlace == 0 {
		return
	}
	at, last := int(e.heapPlace)-1, len(h.nodes)-1
	node := h.nodes[last]
	h.nodes[last] = heapNode{}
	h.nodes = h.nodes[:last]
	e.heapPlace = 0
	if at == last {
		return
	}
	if at > 0 && node.before(h.nodes[(at-1)/4]) {
		h.up(at, node)
	} else {
		h.down(at, node)
	}
}

// up moves the hole at `at` towards the top until node fits into it.
func (h *minheap) up(at int, node heapNode) {
	for at > 0 {
		parent := (at - 1) / 4
		if !node.before(h.nodes[parent]) {
			break
		}
		h.set(at, h.nodes[parent])
		at = parent
	}
	h.set(at, node)
}

// down moves the hole at `at` towards the leaves until node fits into it.
func (h *minheap) down(at int, node heapNode) {
	for {
		child := 4*at + 1
		if child >= len(h.nodes) {
			break
		}
		for other := child + 1; other < min(4*at+5, len(h.nodes)); other++ {
			if h.nodes[other].before(h.nodes[child]) {
				child = other
			}
		}
		if !h.nodes[child].before(node) {
			break
		}
		h.set(at, h.nodes[child])
		at = child
	}
	h.set(at, node)
}

func (h *minheap) set(at int, node heapNode) {
	h.nodes[at] = node
	node.event.heapPlace = int32(at + 1)
}
