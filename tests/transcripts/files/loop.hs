source loop.hs
