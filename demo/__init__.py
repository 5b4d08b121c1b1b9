"""The main job on real parts: seed, shop feed, process starter, and the journey that is played over HTTP."""
