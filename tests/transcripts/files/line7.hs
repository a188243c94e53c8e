# line 7 holds a mistake
seed 3

batch 32
print batch_loss
# here it comes
scale dynamc
seed 4
