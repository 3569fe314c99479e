// SPDX-License-Identifier: MIT

package peer

import "runtime/debug"

// moduleVersion returns the version of a module that is built in.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of unknown version"
	}
	for _, m := range info.Deps {
		if m.Path != path {
			continue
		}
		if m.Replace != nil {
			return "of this source tree"
		}
		return m.Version
	}
	return "of unknown version"
}

// Versions says what of a contender is in use, such as a module and its version.
func (i Info) Versions() string {
	switch {
	case i.Missing != "" || i.Module == "":
		return ""
	case i.Library != "":
		return i.Library + ", " + i.Module + " " + moduleVersion(i.Module)
	default:
		return i.Module + " " + moduleVersion(i.Module)
	}
}
