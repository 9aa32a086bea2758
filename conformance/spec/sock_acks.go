package spec

// sockAckChecks: packets that carry nothing.
var sockAckChecks = []Check{quickAcks}

var quickAcks = Check{
	Slug:   "sock/quickack-none",
	Level:  MAY,
	Says:   "Whether the server has its kernel acknowledge each request at once (TCP_QUICKACK), ahead of the answer that would carry it, is reported.",
	Source: "tcp(7): TCP_QUICKACK; RFC 9293 section 3.8.6.3",
	Why:    "It is a cure for 40 ms of Nagle's algorithm, and costs a packet for each request where an answer follows anyway.",
	Sound: "Nothing is demanded. The client's kernel counts the segments without data. The first answers do not count: a connection begins " +
		"with quick acknowledgements.",
	Run: func(t *T) {
		const requests = 50
		c := t.Dial(quietly)
		for range requests {
			c.ping()
		}
		before := c.bareSegments()
		for range requests {
			c.ping()
		}
		t.Infof("%d of %d requests were acknowledged apart from the answer", c.bareSegments()-before, requests)
	},
}

// bareSegments is how many segments without data the server's kernel has sent on the connection.
func (c *Conn) bareSegments() int {
	n, err := bareSegments(c.fd)
	if err != nil {
		c.t.unobservable(err)
	}
	return n
}
