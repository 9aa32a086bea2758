package reactor

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// crypto/tls answers an update of the keys (RFC 8446 section 4.6.3) and never begins one. So the test does that by hand: it takes the
// client's secret from the key log and seals the records itself.

// A sealer makes records of TLS 1.3 with TLS_AES_128_GCM_SHA256.
type sealer struct {
	secret   []byte
	sequence uint64
}

func (s *sealer) derive(label string, length int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(info, byte(len("tls13 "+label)))
	info = append(info, "tls13 "+label...)
	key, err := hkdf.Expand(sha256.New, s.secret, string(append(info, 0)), length)
	if err != nil {
		panic(err)
	}
	return key
}

func (s *sealer) seal(contentType byte, text string) []byte {
	block, _ := aes.NewCipher(s.derive("key", 16))
	aead, _ := cipher.NewGCM(block)
	nonce := s.derive("iv", 12)
	for i := range 8 {
		nonce[11-i] ^= byte(s.sequence >> (8 * i))
	}
	s.sequence++
	inner := append([]byte(text), contentType)
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(inner)+aead.Overhead()))
	return aead.Seal(head, nonce, inner, head)
}

func (s *sealer) update() { s.secret, s.sequence = s.derive("traffic upd", 32), 0 }

// clientSecret finds the secret of what a client sends in its key log.
func clientSecret(log string) []byte {
	_, rest, _ := strings.Cut(log, "CLIENT_TRAFFIC_SECRET_0 ")
	line, _, _ := strings.Cut(rest, "\n")
	_, secret, _ := strings.Cut(line, " ")
	p, _ := hex.DecodeString(secret)
	return p
}

// The peer may ask for new keys in the middle of everything, in one record or in two that come one after the other.
func TestTLSKeyUpdate(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var told []Outcome
		suite := uint16(0)
		l := listenTLS(t, b, serverConfig(t), func(bev *BufferEvent) {
			bev.OnRead(func() { bev.Output().Append(bev.Input()) })
			bev.OnEvent(func(what Outcome) {
				if told = append(told, what); what != Connected {
					bev.CloseAfterFlush()
				}
			})
			bev.Enable(Read)
		})
		alongside(t, b, func() error {
			config := clientConfig(t)
			var log bytes.Buffer
			config.KeyLogWriter = &log
			conn, err := dialTLS(l.Addr(), config)
			if err != nil {
				return err
			}
			defer conn.Close()
			if suite = conn.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
				return nil
			}
			s, wire := &sealer{secret: clientSecret(log.String())}, conn.NetConn()
			const updateKeys = "\x18\x00\x00\x01\x01" // and answer by the same
			for i, pieces := range [][]string{{updateKeys}, {updateKeys[:2], updateKeys[2:]}, {updateKeys}} {
				for _, piece := range pieces {
					wire.Write(s.seal(22, piece))
				}
				s.update()
				question := fmt.Sprint("with new keys ", i)
				wire.Write(s.seal(23, question))
				answer := make([]byte, len(question))
				if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != question {
					return fmt.Errorf("%q came back, %v", answer, err)
				}
			}
			wire.Write(s.seal(21, "\x01\x00")) // close_notify
			if rest, err := io.ReadAll(conn); len(rest) > 0 || err != nil {
				return fmt.Errorf("%q came at the end, %v", rest, err)
			}
			return wire.(*net.TCPConn).CloseWrite()
		})
		l.Close()
		loop(t, b, 0, Empty)
		if suite != tls.TLS_AES_128_GCM_SHA256 {
			t.Skipf("this machine prefers %s", tls.CipherSuiteName(suite))
		}
		same(t, "told", told, []Outcome{Connected, EOF | Reading})
	})
}
