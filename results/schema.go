package results

import "fmt"

// checkSchema tells a file of a later version from one of another program. place is the file, and the line where there are several.
func checkSchema(place string, number, newest int) error {
	switch {
	case number == 0:
		return fmt.Errorf("%s: there is no schema number, so another program wrote it", place)
	case number < 1 || number > newest:
		return fmt.Errorf("%s: schema %d; this program reads 1 to %d, a later version wrote it", place, number, newest)
	}
	return nil
}
