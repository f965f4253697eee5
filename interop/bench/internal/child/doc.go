// Package child is one process of a measurement: it plays a role, such as
// sending as fast as a library lets it, over a library that it knows only
// through a small interface, and does what the lines on its standard input say.
// Every library is driven by these same loops; a program in cmd is the library
// behind the interface.
//
// The lines that a child writes are
//
//	ready ENDPOINT   bound, or "-": connected or prepared
//	warm             the first message is there: on every SUB socket one of its
//	                 last topic, on an asker the first reply
//	done             as many messages as -expect are there
//	{…}              the answer to measure
//
// and those that it reads
//
//	begin            start sending
//	mark             the time to measure starts here
//	measure          report what happened since; "measure settle" gives unused
//	                 memory back first
//	stop             end at once, as the end of the input does too
package child
