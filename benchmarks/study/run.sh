#!/usr/bin/env bash
# The published study (docs/studies/): python -m benchmarks.study.assistant ../shared/data benchmarks/pools/assistant.jsonl,
# then this, in the repository's folder; four hours on two processors that had other work, too. It may be interrupted, and goes on when it is given again.
set -euo pipefail
export OMP_NUM_THREADS=1
canvass=${CANVASS:-.venv/bin/canvass}
data=${DATA:-../shared/data}
out=${OUT:-benchmarks/studies}
snips="$data/snips --test fifth --negatives 1500"
assistant="benchmarks/pools/assistant.jsonl --test fifth --negatives 1500"
intents="-t intent:PlayMusic -t intent:BookRestaurant -t intent:AddToPlaylist -t intent:GetWeather -t intent:RateBook
  -t intent:SearchCreativeWork -t intent:SearchScreeningEvent"
domains="-t domain:calendar -t domain:play -t domain:email -t domain:qa -t domain:iot -t domain:weather"
both="-t intent:PlayMusic -t intent:BookRestaurant"
# Without word features, but where a study compares them.
play() {
  "$canvass" simulate "${@:2}" --words "${words:-off}" --out "$out/$1"
  "$canvass" report "$out/$1" --out "$out/$1.html" --out "$out/$1.md"
}

# The twelve strategies of the tables, a start of 100, and the successor model.
usual="--rounds 15 --batch 20 --seeds 10"
twelve="-s random -s uncertainty -s al-logistic -s qbc-sa -s qbc-as -s majority-sa -s majority-as -s qbc-crf
  -s majority-crf -s random-positive -s majority-mnlp -s majority-joint"
play snips-100 $snips $intents --seed-size 100 $usual $twelve --transfer svm
play assistant-100 $assistant $domains --seed-size 100 $usual $twelve --transfer svm

# A start of 20.
play snips-20 $snips $intents --seed-size 20 $usual $twelve
play assistant-20 $assistant $domains --seed-size 20 $usual $twelve

# The same 300 annotations in one round, in five, and in sixty.
few="-s random-positive -s majority-crf -s majority-joint"
for schedule in "1 300" "5 60" "60 5"; do
  read -r rounds batch <<<"$schedule"
  options="$few --seed-size 100 --rounds $rounds --batch $batch --seeds 10"
  play "snips-${rounds}x$batch" $snips $both $options
  play "assistant-${rounds}x$batch" $assistant -t domain:calendar $options
done

# Annotators who err.
for noise in 0.05 0.1; do
  options="-s random -s majority-mnlp $few --seed-size 100 --noise $noise"
  play snips-noise-$noise $snips -t intent:PlayMusic $options $usual
  play assistant-noise-$noise $assistant -t domain:calendar $options $usual
done

# Every strategy with and without word features, on the same choices.
words=both play snips-100-both $snips $intents --seed-size 100 $usual --seeds 5 $twelve
words=both play assistant-100-both $assistant $domains --seed-size 100 $usual --seeds 5 $twelve

# What word features change at both starts, and spaCy's pipeline trained on what was chosen.
two="-s random-positive -s majority-joint --rounds 15 --batch 20 --seeds 5"
words=both play snips-100-words $snips $intents --seed-size 100 $two --transfer svm --transfer spacy
words=both play assistant-100-words $assistant $domains --seed-size 100 $two --transfer svm --transfer spacy
words=both play snips-20-words $snips $intents --seed-size 20 $two
words=both play assistant-20-words $assistant $domains --seed-size 20 $two
