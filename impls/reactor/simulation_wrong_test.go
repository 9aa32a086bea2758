package reactor

// wrong is a fault that a world has on purpose. Each stands for a line of the library that could be written so, and must be found.
type wrong int

const (
	nothingWrong wrong = iota
	swallowsAByte
	sendsAByteTwice
	dropsTheRestOfAShortWrite
	alwaysWantsToWrite
	sendsNoFIN
	closesTooEarly
	closesWhatIsNotItsOwn
	leaksDescriptors
	ringsNoBell
	firesEarly
	oversleeps
	forgetsATimer
	losesAnInterest
	losesPatience
	forgetsTheHighMark
	forgetsToAskForRoom
	doesNotRead
	callsTheDeleted
)

func (w *world) is(fault wrong) bool { return w.wrong == fault }

func (w *world) one(fault wrong) int {
	if w.is(fault) {
		return 1
	}
	return 0
}
