"""Full-size fault drills: real processes, killed for real, judged by a tally of their own."""
