"""Forms of English words that their stemmer takes for other words: "taken" for "take", "calves" for "calf".

A form that is more often another word is left out: "left", "wound", "saw", "rose", "ground".
"""

from collections.abc import Mapping
from types import MappingProxyType

# A word with its forms, a line each.
_WORDS = """
arise arose arisen
awake awoke awoken
bear borne
beat beaten
bite bitten
become became
begin began begun
bend bent
bleed bled
blow blew blown
break broke broken
breed bred
bring brought
build built
burn burnt
buy bought
catch caught
choose chose chosen
cling clung
come came
creep crept
deal dealt
dig dug
draw drew drawn
dream dreamt
drink drank drunk
drive drove driven
eat ate eaten
fall fell fallen
feed fed
feel felt
fight fought
find found
flee fled
fly flew flown
forbid forbade forbidden
foresee foresaw foreseen
forget forgot forgotten
forgive forgave forgiven
freeze froze frozen
get got gotten
give gave given
go went gone
grow grew grown
hang hung
hear heard
hide hid hidden
hold held
keep kept
kneel knelt
lay laid
know knew known
lean leant
leap leapt
learn learnt
lend lent
lose lost
make made
mean meant
meet met
mistake mistook mistaken
overcome overcame
overdo overdid overdone
oversee oversaw overseen
pay paid
prove proven
repay repaid
ride rode ridden
rise risen
run ran
say said
see seen
seek sought
sell sold
send sent
sew sewn
shake shook shaken
shine shone
show shown
shrink shrank shrunk
sing sang sung
sink sank sunk
sit sat
sleep slept
slide slid
smell smelt
sow sown
speak spoken
spend spent
spill spilt
spin spun
spoil spoilt
spring sprang sprung
stand stood
steal stolen
stick stuck
sting stung
strike struck stricken
swear swore sworn
sweep swept
swell swollen
swim swam swum
swing swung
take took taken
teach taught
tear tore torn
tell told
think thought
throw threw thrown
undergo underwent undergone
understand understood
undertake undertook undertaken
undo undid undone
uphold upheld
wake woke woken
wear wore worn
weave wove woven
weep wept
win won
withdraw withdrew withdrawn
withhold withheld
withstand withstood
write wrote written
child children
foot feet
goose geese
man men
mouse mice
person people persons
tooth teeth
woman women
calf calves
half halves
knife knives
loaf loaves
scarf scarves
shelf shelves
thief thieves
wife wives
wolf wolves
analyse analysis analyses
crisis crises
diagnose diagnosis diagnoses
emphasis emphases
hypothesis hypotheses
metastasis metastases
paralysis paralyses
parenthesis parentheses
prognosis prognoses
prosthesis prostheses
synthesis syntheses
thrombosis thromboses
appendix appendices
cervix cervices
cortex cortices
helix helices
index indices
matrix matrices
vertex vertices
alga algae
alumnus alumni
antenna antennae
bacillus bacilli
bacterium bacteria
bronchus bronchi
bursa bursae
cactus cacti
criterion criteria
curriculum curricula
diverticulum diverticula
embolus emboli
fibula fibulae
focus foci
formula formulae
fungus fungi
ganglion ganglia
larva larvae
maxilla maxillae
meniscus menisci
nucleus nuclei
ovum ova
papilla papillae
patella patellae
phenomenon phenomena
radius radii
scapula scapulae
septum septa
spectrum spectra
stimulus stimuli
stratum strata
thrombus thrombi
tibia tibiae
ulna ulnae
vertebra vertebrae
villus villi
"""

IRREGULAR: Mapping[str, str] = MappingProxyType(
    {form: word for word, *forms in map(str.split, _WORDS.strip().splitlines()) for form in forms}
)
