package impls

import "testing"

func TestAnnouncement(t *testing.T) {
	for _, test := range []struct {
		line, asked  string
		parses, fits bool
	}{
		{"listening 127.0.0.1:80", "127.0.0.1:0", true, true},
		{"listening 127.0.0.1:80", "127.0.0.1:80", true, true},
		{"listening 127.0.0.1:80", "127.0.0.1:81", true, false},
		{"listening 127.0.0.1:80", "127.0.0.2:0", true, false},
		{"listening 127.0.0.1:80", "localhost:0", true, true},
		{"listening [::]:80", ":0", true, true},
		{"listening 0.0.0.0:80", "[::]:80", true, true},
		{"listening [::1]:80", "[::1]:0", true, true},
		{"listening [::1]:80", "127.0.0.1:0", true, false},
		{"listening 0.0.0.0:80", "127.0.0.1:0", true, false},
		{"listening unix:/tmp/s", "unix:/tmp/s", true, true},
		{"listening unix:/tmp/s", "unix:/tmp/t", true, false},
		{"listening 127.0.0.1:80", "unix:/tmp/s", true, false},
		{"listening unix:/tmp/s", "127.0.0.1:0", true, false},
		{"listening 127.0.0.1:0", "127.0.0.1:0", false, false},
		{"listening 127.0.0.1", "127.0.0.1:0", false, false},
		{"listening 127.0.0.1:99999", "127.0.0.1:0", false, false},
		{"listening localhost:80", "127.0.0.1:0", false, false},
		{"listening unix:", "unix:/tmp/s", false, false},
		{"listening 127.0.0.1:80 ", "127.0.0.1:0", false, false},
		{"listening 127.0.0.1:80\r", "127.0.0.1:0", false, false},
		{"listening  127.0.0.1:80", "127.0.0.1:0", false, false},
		{"Listening 127.0.0.1:80", "127.0.0.1:0", false, false},
		{" listening 127.0.0.1:80", "127.0.0.1:0", false, false},
		{"listening", "127.0.0.1:0", false, false},
		{"", "127.0.0.1:0", false, false},
	} {
		said, err := parseAnnouncement(test.line)
		if (err == nil) != test.parses {
			t.Errorf("%q: parsed with %v", test.line, err)
			continue
		}
		if err == nil && (said.answers(test.asked) == nil) != test.fits {
			t.Errorf("%q, asked %s: %v", test.line, test.asked, said.answers(test.asked))
		}
	}
}
