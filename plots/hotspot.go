package main

// A hotspot is a place in a chart that answers when pointed at. X and Y are points from the left and, once rendered, from the
// top: the coordinates of the SVG's viewBox.
type hotspot struct {
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	Name string  `json:"n"`
	Says string  `json:"s"` // the value with its interval, in words
}
