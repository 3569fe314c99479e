// SPDX-License-Identifier: MIT

package mqtest

// checklist are the lines of the checklist that these laws answer for, section by
// section. A: what the RFCs ask of patterns (28/REQREP, 29/PUBSUB, 30/PIPELINE,
// 31/EXPAIR, 37/ZMTP). D: what users of libzmq rely on.
var checklist = []string{
	"A-ALL-01", "A-ALL-02", "A-ALL-03", "A-ALL-04", "A-ALL-05", "A-ALL-06", "A-ALL-07", "A-ALL-08", "A-ALL-09",
	"A-PAIR-01", "A-PAIR-02", "A-PAIR-03", "A-PAIR-04", "A-PAIR-05", "A-PAIR-06", "A-PAIR-07", "A-PAIR-08", "A-PAIR-09",
	"A-PAIR-10", "A-PAIR-11", "A-PAIR-12", "A-PAIR-13",
	"A-REQ-01", "A-REQ-02", "A-REQ-03", "A-REQ-04", "A-REQ-05", "A-REQ-06", "A-REQ-07", "A-REQ-08", "A-REQ-09", "A-REQ-10",
	"A-REP-01", "A-REP-02", "A-REP-03", "A-REP-04", "A-REP-05", "A-REP-06", "A-REP-07", "A-REP-08", "A-REP-09", "A-REP-10",
	"A-REP-11", "A-REP-12",
	"A-PUB-01", "A-PUB-02", "A-PUB-03", "A-PUB-04", "A-PUB-05", "A-PUB-06", "A-PUB-07", "A-PUB-08", "A-PUB-09", "A-PUB-10",
	"A-PUB-11", "A-PUB-12", "A-PUB-13", "A-PUB-14", "A-PUB-15", "A-PUB-16",
	"A-SUB-01", "A-SUB-02", "A-SUB-03", "A-SUB-04", "A-SUB-05", "A-SUB-06", "A-SUB-07", "A-SUB-08", "A-SUB-09", "A-SUB-10",
	"A-SUB-11", "A-SUB-12", "A-SUB-13", "A-SUB-14",
	"A-PSH-01", "A-PSH-02", "A-PSH-03", "A-PSH-04", "A-PSH-05", "A-PSH-06", "A-PSH-07", "A-PSH-08", "A-PSH-09", "A-PSH-10",
	"A-PSH-11", "A-PSH-12",
	"A-PLL-01", "A-PLL-02", "A-PLL-03", "A-PLL-04", "A-PLL-05", "A-PLL-06", "A-PLL-07", "A-PLL-08", "A-PLL-09",
	"A-DEV-01", "A-DEV-02", "A-DEV-03", "A-DEV-04", "A-DEV-05",
	"D-HWM-01", "D-HWM-02", "D-HWM-03", "D-HWM-04", "D-HWM-05", "D-HWM-06", "D-HWM-07", "D-HWM-08", "D-HWM-09", "D-HWM-10",
	"D-HWM-11", "D-HWM-12",
	"D-BLK-01", "D-BLK-02", "D-BLK-03", "D-BLK-04", "D-BLK-05", "D-BLK-06", "D-BLK-07", "D-BLK-08", "D-BLK-09", "D-BLK-10",
	"D-FQ-01", "D-FQ-02", "D-FQ-03", "D-FQ-04", "D-FQ-05", "D-FQ-06",
	"D-INP-01", "D-INP-02", "D-INP-03", "D-INP-04", "D-INP-05", "D-INP-06", "D-INP-07", "D-INP-08", "D-INP-09", "D-INP-10",
	"D-INP-11", "D-INP-12",
	"A-DLR-01", "A-DLR-02", "A-DLR-03", "A-DLR-04", "A-DLR-05", "A-DLR-06", "A-DLR-07", "A-DLR-08", "A-DLR-09", "A-DLR-10",
	"A-DLR-11", "A-DLR-12", "A-DLR-13", "A-DLR-14",
	"A-RTR-01", "A-RTR-02", "A-RTR-03", "A-RTR-04", "A-RTR-05", "A-RTR-06", "A-RTR-07", "A-RTR-08", "A-RTR-09", "A-RTR-10",
	"A-RTR-11", "A-RTR-12", "A-RTR-13", "A-RTR-14", "A-RTR-15",
	"A-XPB-01", "A-XPB-02", "A-XPB-03", "A-XPB-04", "A-XPB-05", "A-XPB-06", "A-XPB-07", "A-XPB-08", "A-XPB-09", "A-XPB-10",
	"A-XPB-11", "A-XPB-12", "A-XPB-13", "A-XPB-14", "A-XPB-15", "A-XPB-16", "A-XPB-17", "A-XPB-18",
	"A-XSB-01", "A-XSB-02", "A-XSB-03", "A-XSB-04", "A-XSB-05", "A-XSB-06", "A-XSB-07", "A-XSB-08", "A-XSB-09", "A-XSB-10",
	"A-XSB-11", "A-XSB-12", "A-XSB-13", "A-XSB-14", "A-XSB-15", "A-XSB-16", "A-XSB-17", "A-XSB-18",
	"D-LNG-07",
	"D-REQ-01", "D-REQ-02", "D-REQ-03", "D-REQ-04", "D-REQ-05", "D-REQ-06", "D-REQ-07", "D-REQ-08", "D-REQ-09", "D-REQ-10",
	"D-RTR-01", "D-RTR-02", "D-RTR-03", "D-RTR-04", "D-RTR-05", "D-RTR-06", "D-RTR-07", "D-RTR-08", "D-RTR-09", "D-RTR-10",
	"D-RTR-11", "D-RTR-12", "D-RTR-13", "D-RTR-14", "D-RTR-15",
	"D-XPB-01", "D-XPB-02", "D-XPB-03", "D-XPB-04", "D-XPB-05", "D-XPB-06", "D-XPB-07", "D-XPB-08", "D-XPB-09", "D-XPB-10",
	"D-XPB-11", "D-XPB-12", "D-XPB-13", "D-XPB-14", "D-XPB-15", "D-XPB-16", "D-XPB-17", "D-XPB-18", "D-XPB-19", "D-XPB-20",
	"D-XPB-21", "D-XPB-22",
	"D-PRX-01", "D-PRX-02", "D-PRX-03", "D-PRX-04", "D-PRX-05", "D-PRX-06",
}

// besides are lines of other sections that a law happens to hold, or to depart
// from.
var besides = []string{
	"B-TYP-02", "D-CON-01", "D-CON-02", "D-CON-04", "D-CON-10", "D-CON-12", "D-CON-15", "D-CON-19", "D-CON-20",
	"D-LNG-01", "D-LNG-02", "D-LNG-03", "D-LNG-04", "D-LNG-05", "D-LNG-06", "D-PRS-01", "D-PRS-03",
}

const (
	wireOnly   = "a matter of bytes on the wire: comes with mq/net"
	notOffered = "mq has no such option"
)

// elsewhere tells why a line of the checklist has no law here.
var elsewhere = map[string]string{
	"A-ALL-05": "parts are not sent one by one: Send takes a whole message, so there is nothing to hold back",
	"A-REQ-03": wireOnly,
	"A-REQ-04": wireOnly,
	"A-REP-04": wireOnly,
	"A-REP-06": wireOnly,
	"A-REP-09": wireOnly,
	"A-DEV-02": wireOnly,
	"D-HWM-06": "options are given at construction and do not change; no lock on the way of a message",
	"D-HWM-08": wireOnly,
	"D-BLK-03": notOffered + " as IMMEDIATE: what PUSH and REQ send goes to whoever is there in any case",
	"D-BLK-04": notOffered + " as IMMEDIATE: the queue is the socket's own",
	"D-BLK-07": "parts are not sent one by one: a message is in the queue whole or not at all",
	"D-RTR-09": notOffered + " as PROBE_ROUTER: a socket that wants to be known sends a message",
	"D-RTR-10": "a draft of libzmq",
	"D-RTR-11": "a draft of libzmq",
	"D-XPB-07": "a draft of libzmq",
	"D-XPB-11": notOffered + " as INVERT_MATCHING",
	"D-XPB-12": notOffered + " as TOPICS_COUNT",
	"D-XPB-16": wireOnly,
}
