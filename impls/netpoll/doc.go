// Command netpoll is the echo server on github.com/cloudwego/netpoll, a network library made for remote procedure
// calls: a poller reads every connection into a buffer of the connection's own, and a goroutine is started to handle
// what has come. So handlers may block, at the price of one hand-over a message.
//
// It is written with all the care that the library's interface has a place for: as many pollers as loops, plain
// goroutines as runners, an unhurried Shutdown, and a new server after each shortage of descriptors. Where
// there is no place, the server has the library's behaviour, and impl.json lists what comes of it:
//
//   - Half-close. A client's end of stream makes the whole connection inactive, and an inactive one refuses to write,
//     even bytes that came before. How much a Flush had sent by then, nobody can learn.
//     https://github.com/cloudwego/netpoll/issues/220
//   - Back-pressure. Flush waits for a slow client, but the poller reads on meanwhile, and nothing can pause it.
//     https://github.com/cloudwego/netpoll/issues/422, https://github.com/cloudwego/netpoll/pull/423
package main
