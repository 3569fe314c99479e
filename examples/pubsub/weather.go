// SPDX-License-Identifier: MIT

package pubsub

import (
	"fmt"
	"math/rand/v2"
)

// Weather is what the messages tell.
type Weather struct {
	Zip         string
	Temperature int // degrees Celsius
	Humidity    int // percent
}

// Random is the weather of some place.
func Random() Weather {
	return Weather{
		Zip:         fmt.Sprintf("%05d", 10_000+rand.IntN(100)),
		Temperature: rand.IntN(60) - 20,
		Humidity:    rand.IntN(101),
	}
}

// String is the message.
func (w Weather) String() string {
	return fmt.Sprintf("%s %d %d", w.Zip, w.Temperature, w.Humidity)
}

// Parse reads a message.
func Parse(line string) (w Weather, err error) {
	if _, err = fmt.Sscan(line, &w.Zip, &w.Temperature, &w.Humidity); err != nil {
		err = fmt.Errorf("%q is no weather: %w", line, err)
	}
	return w, err
}
