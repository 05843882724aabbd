"""What a home has: rooms, floors, people, places, and devices of each kind.

Each entry is the body of a rule in hassil's template language, all written for canvass; a `|` separates
alternatives and repeating one makes it likelier. `<word>` stands for another entry. A rule with the name of a
list fills that list; `name <kind>` fills {name} where the template is about that kind of device, and
`name <kind> bare` where the template names the area as well.
"""

from __future__ import annotations

HOME: dict[str, str] = {
    "person": """
        anna|jack|maria|tom|lena|oscar|priya|noah|emma|liam|sofia|mateo|chloe|ben|ruby|hugo|nina|carlos|
        ivy|sam|leah|finn|zoe|omar|mia|theo|alice|george|rosa|kenji|amara|felix|greta|dylan|hana|pablo|
        willow|arjun|stella|marcus|bea|elliot|yara|victor|june|rafael|molly|axel|fatima|henry|iris|joel|
        tessa|nadia|grandma|grandpa|mom|dad|aunt rita|uncle joe|zoë|josé|renée""",
    "room": """
        kitchen|kitchen|kitchen|living room|living room|living room|bedroom|bedroom|bedroom|bathroom|
        bathroom|office|office|hallway|hallway|dining room|garage|garage|basement|attic|laundry room|
        nursery|playroom|guest room|guest bedroom|master bedroom|main bedroom|master bathroom|kids room|
        den|study|library|pantry|utility room|mudroom|sunroom|conservatory|porch|front porch|back porch|
        patio|backyard|front yard|garden|driveway|balcony|terrace|deck|workshop|shed|greenhouse|gym|home
        office|home theater|media room|game room|music room|wine cellar|storage room|closet|walk-in
        closet|entryway|foyer|lobby|stairwell|landing|upstairs hallway|downstairs bathroom|powder room|en
        suite|breakfast nook|family room|lounge|man cave|sewing room|craft room|boiler room|carport|pool
        house|barn|loft|spare room|café corner""",
    "indoor room": """
        kitchen|kitchen|living room|living room|bedroom|bedroom|bathroom|office|hallway|dining room|
        nursery|playroom|guest room|master bedroom|kids room|den|study|library|basement|attic|laundry
        room|sunroom|home office|media room|game room|family room|lounge|spare room""",
    "area": """
        <room>|<room>|<room>|<room>|<room>|<room>|<room>|<room>|<person>'s room|<person>'s bedroom|
        <person>'s office|(upstairs|downstairs|front|back|small|big|guest|second) (bedroom|bathroom|
        hallway|office|closet)""",
    "floor": """
        first floor|first floor|second floor|second floor|third floor|ground floor|ground floor|top floor|
        upper floor|lower floor|main floor|upstairs|upstairs|downstairs|downstairs|basement|basement|
        attic|attic|loft|cellar|mezzanine|bottom floor|middle floor|fourth floor|lower level|upper level|
        main level""",
    "zone": """
        home|home|home|home|work|work|school|school|gym|office|library|park|airport|station|hospital|
        supermarket|mall|cabin|cottage|lake house|beach house|farm|studio|<person>'s (house|place|
        apartment)|church|football club|swimming pool|kindergarten|university|campus|shop|marina""",
    "city": """
        boston|chicago|denver|portland|seattle|austin|london|paris|berlin|madrid|lisbon|oslo|dublin|
        vienna|prague|rome|milan|athens|tokyo|osaka|sydney|melbourne|auckland|toronto|vancouver|montréal|
        new york|los angeles|san diego|salt lake city|santa fe|cape town|nairobi|cairo|lagos|mumbai|delhi|
        bangkok|hanoi|singapore|seoul|buenos aires|lima|bogotá|são paulo|mexico city|havana|reykjavik|
        helsinki|stockholm|copenhagen|hamburg|munich|zürich|geneva|brussels|amsterdam|rotterdam|edinburgh|
        glasgow|cardiff|bristol|york|nice|porto|kraków|warsaw|budapest|istanbul|las vegas|new orleans|
        nashville|memphis|savannah|minneapolis|st. louis|anchorage|honolulu""",
    "name weather": """
        <city>|<city>|<city>|<city>|<city>|<city>|home|work|cabin|cottage|lake house|beach house|(north|
        south|east|west) (coast|side|beach|valley)|(blue|pine|silver|cedar|stone) (lake|mountain|creek|
        bay|ridge)|airport|ski resort|campground|marina|<person>'s (house|school|town)""",
    "name person": "<person>",
    # Lights
    "light place": """
        kitchen|kitchen|living room|bedroom|bathroom|hallway|porch|front porch|garage|office|closet|stair|
        attic|basement|patio|driveway|dining room|nursery|hall|pantry|garden|shed|balcony|cellar""",
    "light style": """
        reading|bedside|floor|desk|table|ceiling|night|accent|corner|wall|corner|pendant|vanity|mirror|
        sink|stove|counter|island|under cabinet|christmas tree|fish tank|piano|bookshelf|tv|lava|salt|
        moon|paper|tiffany|spot|track|flood|strip|string|mood|work|work bench|sewing|closet|makeup""",
    "light noun": "light|light|light|lights|lights|lamp|lamp",
    "name light": """
        <light place> <light noun>|<light place> <light noun>|<light style> <light noun>|<light place>
        <light style> <light noun>|<person>'s <light style> <light noun>|<person>'s <light noun>|<name
        light bare>""",
    "name light bare": """
        <light style> <light noun>|<light style> <light noun>|chandelier|lava lamp|lantern|fairy lights|
        string lights|christmas lights|spotlights|sconces|downlights|chandelier|led strip|night light|
        disco ball|<person>'s <light noun>|(left|right|small|big|old|new|round|blue|white) (lamp|light)""",
    # Plugs and switches
    "appliance": """
        coffee maker|coffee machine|espresso machine|kettle|toaster|dishwasher|washing machine|washer|
        dryer|space heater|humidifier|dehumidifier|diffuser|air purifier|aquarium pump|pool pump|pond
        pump|fountain|water heater|boiler|towel warmer|electric blanket|heating pad|iron|printer|router|
        game console|computer|monitor|sewing machine|treadmill|freezer|wine fridge|slow cooker|rice
        cooker|crock pot|bread maker|oven|extractor|sprinklers|irrigation|hot tub|sauna|jacuzzi|charger|
        car charger|bike charger|phone charger|baby monitor|alarm siren|doorbell chime|ice maker|bug
        zapper|heat lamp|guitar amp|3d printer|soldering iron""",
    "name switch": """
        <appliance>|<appliance>|<appliance>|<appliance>|<light place> (plug|outlet|switch|power strip)|
        <person>'s (<appliance>|plug|heater)|(old|new|small|big) <appliance>|<name switch bare>""",
    "name switch bare": """
        <appliance>|<appliance>|<appliance>|(left|right|wall|desk|bedside|smart) (plug|outlet|switch)""",
    "name input_boolean": """
        (guest|vacation|holiday|away|night|sleep|party|quiet|cleaning|babysitter|school|summer|winter|
        movie|energy saving|do not disturb|pet|eco) mode|(alarm|presence|motion|doorbell) notifications""",
    "name input_boolean bare": "<name input_boolean>",
    # Fans
    "fan style": """
        ceiling|desk|floor|tower|pedestal|box|exhaust|extractor|attic|whole house|window|bathroom|
        standing|vent|range hood""",
    "name fan": """
        <fan style> fan|<fan style> fan|<indoor room> fan|<indoor room> <fan style> fan|<person>'s fan|
        <name fan bare>""",
    "name fan bare": """
        <fan style> fan|<fan style> fan|ventilator|range hood|air purifier|(big|small|white|old) fan""",
    # Media
    "media device": """
        tv|tv|tv|television|speaker|speaker|speaker|speakers|soundbar|stereo|radio|projector|record
        player|receiver|home theater|subwoofer|tablet|smart speaker|smart display|hi-fi|surround system|
        boombox""",
    "name media_player": """
        <indoor room> <media device>|<indoor room> <media device>|<media device>|<person>'s (tv|speaker|
        radio|stereo|tablet|laptop)|(big|small|old|new|left|right) (tv|speaker|screen)|(patio|garage|
        porch|garden|gym|shower|pool) (speaker|speakers|radio)|<name media_player bare>""",
    "name media_player bare": """
        <media device>|<media device>|(big|small|old|new) (tv|speaker|screen)|<person>'s (speaker|tv|
        radio)""",
    # Heating and cooling
    "climate device": """
        thermostat|thermostat|thermostat|heater|heating|ac|air conditioner|air conditioning|heat pump|
        radiator|radiators|underfloor heating|boiler|furnace|mini split|floor heating""",
    "name climate": """
        <climate device>|<indoor room> <climate device>|<indoor room> <climate device>|(upstairs|
        downstairs|main|hallway|upper|lower|front|back) (thermostat|ac|heating|heater)|<person>'s
        (radiator|heater|thermostat|ac)""",
    "name climate bare": """
        <climate device>|<climate device>|(main|left|right|wall) (thermostat|heater|radiator|ac)""",
    # Covers, valves, locks
    "cover noun": """
        blind|blinds|blinds|curtain|curtains|curtains|shade|shades|shutter|shutters|drapes|roller blind|
        venetian blinds""",
    "cover place": """
        kitchen|living room|bedroom|bathroom|office|nursery|balcony|patio|dining room|front|back|left|
        right|east|west|south|north|skylight|bay window|corner window|sliding door|conservatory|tv room""",
    "name cover": """
        <cover place> <cover noun>|<cover place> <cover noun>|<cover place> <cover noun>|<name cover
        bare>|<person>'s <cover noun>|(garage|barn|shed|patio|loading|cellar) door|(front|driveway|garden|
        side|main|back) gate""",
    "name cover bare": """
        (left|right|big|small|middle|blackout|sheer|front|back) <cover noun>|awning|skylight|garage door|
        projector screen|pergola roof|sunshade|gate|roof window|pet door|parasol|tent flap""",
    "name valve": """
        (sprinkler|irrigation|water|main water|gas|garden|lawn|hose|drip|pool|fountain|greenhouse|
        radiator|boiler|bypass|shower|rain barrel|flower bed|orchard|tomato|back yard|front yard) valve|
        (main|left|right|outdoor) (tap|faucet|spigot)|sprinkler zone (one|two|three|four)|drip line""",
    "name valve bare": """
        (water|gas|main|shut-off|drain|irrigation|left|right|upper|lower) valve|tap|faucet|spigot""",
    "name lock": """
        (front|back|side|garage|cellar|basement|patio|balcony|kitchen|office|main|porch|shed|barn|pool|
        utility|bike shed|wine cellar|apartment|street|studio|attic) (door|door|door lock|lock)|(garden|
        side|driveway|pool|front|back) gate|safe|gun safe|medicine cabinet|liquor cabinet|mailbox|dog
        door|deadbolt|smart lock|car|<person>'s (door|room|locker|car)""",
    "name lock bare": """
        (main|left|right|sliding|inner|outer|side|double) door|deadbolt|smart lock|door|gate|cabinet|safe""",
    # Scenes, scripts, buttons
    "scene mood": """
        movie|party|dinner|reading|focus|relax|bedtime|sunset|sunrise|romantic|cozy|candlelight|gaming|
        cooking|study|yoga|meditation|halloween|christmas|birthday|game night|date night|brunch|cocktail|
        storm|rainy day|summer evening|winter morning|spooky|tropical|ocean|forest|nap|story time|bath
        time|football|karaoke|workout|cleaning|energize|goodnight|good morning|welcome home|away|bright|
        dim|night|chill|concentration|aurora""",
    "name scene": """
        <scene mood>|<scene mood>|<scene mood> (time|mode|mood|lights|scene)|<scene mood> (time|mode|
        mood)|<person>'s (favorite|reading|gaming|party|bedtime)|(warm|cool|soft|deep|pale) (glow|blue|
        amber|white|sunset)""",
    "name scene bare": "<name scene>",
    "routine": """
        (morning|bedtime|evening|night|school|leaving home|coming home|weekend|vacation|holiday|lockdown|
        wake up|cleaning|laundry|dinner|homework|workout|gardening|party|panic|storm|guest|pet feeding|
        movie|meditation|away|watering|coffee|goodnight|good morning) (routine|routine|script|sequence)""",
    "name script": """
        <routine>|<routine>|<routine>|(feed the (cat|dog|fish)|water the (plants|lawn|garden)|lock up|shut
        everything down|find my phone|open up the house|heat the sauna|fill the pool|start the coffee|warm
        up the car|simulate presence)""",
    "button thing": """
        doorbell|garage remote|coffee machine|router restart|panic|pool pump reset|gate opener|elevator|
        feeder|cat feeder|dog feeder|fish feeder|find my keys|phone finder|filter reset|boiler reset|
        restart|printer wake up|intercom|bell|buzzer|reboot|all off|test alarm|siren test|water heater
        boost|snooze|camera reset""",
    "name button": "<button thing>|<indoor room> <button thing>|<person>'s <button thing>",
    "name input_button": "<button thing>",
    # Cleaning and garden machines
    "name vacuum": """
        vacuum|vacuum|robot vacuum|robot|cleaning robot|vacuum cleaner|robovac|mop|robot mop|(upstairs|
        downstairs|kitchen|hallway|main|old|new|garage|office|bedroom|second) (vacuum|robot|vacuum
        cleaner|mop)|<person>'s (vacuum|robot)|dusty|mister crumbs|sucky|captain clean""",
    "name lawn_mower": """
        mower|lawn mower|robot mower|lawn robot|(front|back|side|old|new|big|small|front yard|backyard|
        garden|orchard) (mower|lawn mower)|shaun|mowgli|grasshopper|sir mows a lot|<person>'s mower""",
    # Sensors
    "name binary_sensor open": """
        (front|back|side|garage|patio|cellar|fridge|freezer|oven|washer|dryer|shed|barn|shower|mailbox|cat
        flap|closet|balcony|attic|basement) door|(<indoor room>|left|right|roof|bay) window|mailbox|
        fridge|freezer|safe|skylight|garden gate|letterbox|medicine cabinet|gun safe|trash can lid|piano
        lid""",
    "name binary_sensor motion": """
        (<indoor room>|driveway|porch|garage|garden|patio|stair|front yard|backyard) (motion|motion
        sensor|occupancy sensor|presence|movement|motion detector)|(smoke|water|leak|glass break|gas|
        carbon monoxide|vibration|rain|frost) (detector|alarm|sensor)|parking space|parking spot|couch|
        bed|<person>'s (bed|desk|chair|crib)|baby crib|desk chair|meeting room|shower|dog bed|cat bed""",
    "name sensor": """
        (outdoor|indoor|<indoor room>|greenhouse|cellar|freezer|fridge|pool|attic) (temperature|humidity)|
        (solar|grid|house|washing machine|dryer|car|heat pump|server|tv) (power|energy|consumption)|(car|
        phone|scooter|doorbell|remote|vacuum|mower|lock|camera) battery|battery level|(rain|oil|gas|water)
        (meter|gauge)|air quality|pollen count|wind speed|uv index|co2 level|water pressure|water tank
        level|soil moisture|printer ink|internet speed|download speed|noise level|barometer|dew point|step
        count|electricity price|<person>'s (phone battery|step count|heart rate|weight)|(laundry|
        dishwasher|trash|recycling) status""",
}
