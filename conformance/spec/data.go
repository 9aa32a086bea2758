package spec

// dataChecks: what comes back is what was sent.
var dataChecks = []Check{
	allBytes,
}

var allBytes = Check{
	Slug:  "data/all-bytes",
	Level: MUST,
	Says: "Every byte value, NUL and 0xFF included, comes back unchanged from every position " +
		"modulo 256.",
	Source: "RFC 862",
	Why: "Servers written with strlen, fputs or a line reader lose NUL and newline; a Telnet layer swallows 0xFF. " +
		"Text tests never notice.",
	Sound: "64 KiB fit into the kernel's buffers, and the check waits only for bytes.",
	Run: func(t *T) {
		square := make([]byte, 0, 256*256)
		for row := range 256 {
			for column := range 256 {
				square = append(square, byte(row+column))
			}
		}
		c := t.Dial()
		c.WriteRaw(square)
		c.ExpectRaw(square)
	},
}
