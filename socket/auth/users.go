package auth

import (
	"context"
	"os/user"
	"slices"
	"strconv"

	"github.com/brokerless/brokerless/socket"
)

// Users returns an authenticator that lets peers in whose process runs as one of
// the users, given by their numbers (ZMQ_IPC_FILTER_UID). It gives no user id. The
// kernel says who they are; it can for ipc on Linux, all others are refused.
func Users(uids ...int) socket.Authenticator {
	uids = slices.Clone(uids)
	return socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
		switch {
		case c.Process == nil:
			return socket.Admission{}, deny("no process to be known, want one of the users %d", uids)
		case !slices.Contains(uids, c.Process.UID):
			return socket.Admission{}, deny("user %d, want one of %d", c.Process.UID, uids)
		}
		return socket.Admission{}, nil
	})
}

// Groups is [Users] for groups: that of the process, and all to which its user
// belongs (ZMQ_IPC_FILTER_GID). The latter are looked up for each connection,
// where the file system has them.
func Groups(gids ...int) socket.Authenticator {
	gids = slices.Clone(gids)
	return socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
		switch {
		case c.Process == nil:
			return socket.Admission{}, deny("no process to be known, want one of the groups %d", gids)
		case !slices.Contains(gids, c.Process.GID) && !slices.ContainsFunc(groupsOf(c.Process.UID), func(gid int) bool {
			return slices.Contains(gids, gid)
		}):
			return socket.Admission{}, deny("user %d, group %d, want one of the groups %d", c.Process.UID, c.Process.GID, gids)
		}
		return socket.Admission{}, nil
	})
}

// groupsOf returns the groups to which a user belongs, none if it is not known.
func groupsOf(uid int) (gids []int) {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return nil
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil
	}
	for _, id := range ids {
		if gid, err := strconv.Atoi(id); err == nil {
			gids = append(gids, gid)
		}
	}
	return gids
}
