source line7.hs
seed 5
