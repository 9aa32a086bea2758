package backend

func epollEagerness(b Backend) *eagerness { return &b.(*epoll).eager }
