"""What people say about anything: songs and shows, lists and items, timers, delayed commands, announcements.

Written like `values`. All titles, artists and shows are invented.
"""

from __future__ import annotations

PHRASES: dict[str, str] = {
    # Music and shows
    "title adjective": """
        broken|golden|silent|electric|crimson|velvet|hollow|midnight|paper|silver|wild|burning|distant|
        lonely|faded|frozen|restless|neon|sacred|tender|bitter|gentle|hidden|endless|painted|copper|
        stolen|quiet|second|last|little|blue|black|white|slow|sweet|strange|honest|heavy|weightless""",
    "title noun": """
        river|lantern|harbor|summer|machine|garden|mirror|highway|thunder|orchard|satellite|winter|ocean|
        shadow|letter|window|fire|desert|parade|signal|island|feather|castle|engine|balloon|season|
        kingdom|sparrow|avenue|anchor|cradle|comet|meadow|storm|whisper|carousel|telephone|horizon|ghost|
        marble|compass|tide|cinnamon|staircase|october|monday|saturday|daylight|kitchen|timer""",
    "title place": """
        tulsa|havana|marseille|the moon|brooklyn|alaska|the valley|nowhere|el paso|kyoto|the coast|saturn|
        the attic""",
    "song": """
        <title adjective> <title noun>|<title adjective> <title noun>|the <title noun>|<title noun> and
        <title noun>|<title noun> in <title place>|(dance|waiting|crying|running|dreaming|driving) (with
        you|all night|to <title place>|in the <title noun>|alone|again)|(don't|never|please) (wake the
        <title noun>|let me go|turn off the light|stop the <title noun>|say goodbye|call me <title
        adjective>)|(when|before|after|until) the <title noun> (comes|falls|burns|ends|sleeps)|(five|two|a
        hundred|seven|ten) (minutes|hours|<title noun>s|miles) (to|from|of|past) (<title place>|midnight|
        you|home)|my <title adjective> <title noun>|<title place> (blues|nights|lullaby|anthem|rain)""",
    "first name": """
        della|roman|marlowe|ines|otis|saskia|bram|lucinda|tobias|maren|cassius|opal|desmond|wren|ludo|
        imogen|rufus|paloma|anselm|odette|jonah|vera|klaus|mirela|bosse|ximena""",
    "surname": """
        hartwell|okonjo|vance|delacroix|moreno|lindqvist|abara|winslow|castellan|brightwater|novak|
        sorrell|kimura|fontaine|ashby|pellegrin|rourke|santoro|drummond|whitlock|zamora|bellweather|
        quigley|strand""",
    "artist": """
        <first name> <surname>|<first name> <surname>|<first name> <surname>|the <title adjective> <title
        noun>s|the <title noun>s|<title adjective> <title noun>|<first name> and the <title noun>s|dj
        <title noun>|lil <title noun>|<surname> <title noun> trio|<title noun> club|<first name>|mc
        <surname>|<surname> & <surname>""",
    "album": """
        <title adjective> <title noun>|songs (for|from|about) (<title place>|the <title noun>|<first
        name>)|<title noun> volume (one|two|three)|live (at|in) <title place>|the <title noun> (sessions|
        tapes|diaries)|(greatest hits|unplugged|best) of <artist>|letters to <title place>|<title
        noun>land""",
    "genre": """
        jazz|smooth jazz|lo-fi|lofi beats|classical|piano|rock|classic rock|eighties|nineties hits|
        country|bluegrass|hip hop|old school rap|techno|house|ambient|salsa|bossa nova|reggae|metal|folk|
        indie|soul|blues|disco|opera|movie soundtracks|white noise|rain sounds|ocean sounds|christmas|
        k-pop|acoustic|drum and bass|kids|nursery rhymes|sea shanties|swing|gospel|mariachi|afrobeat|
        chiptune""",
    "playlist": """
        <playlist mood>|my <playlist mood>|<playlist mood> (mix|vibes|classics|favorites|beats)|<genre>
        (mix|favorites)|<title adjective> <title noun>""",
    "playlist mood": """
        workout|morning coffee|road trip|dinner party|sleep|deep focus|rainy day|sunday cleaning|running|
        study|cooking|date night|summer|throwback|chill|party|yoga|gaming|commute|campfire|bath time|feel
        good|heartbreak|power nap|liked songs|discover weekly|top hits|shower""",
    "podcast": """
        the <title adjective> <title noun>|<title noun> (hour|weekly|talk|report|files|stories|files)|
        (daily|morning|evening|sunday) (news|science|history|money|football|<title noun>)|<first name>
        (explains|asks why|and friends|after dark|on books)|(history|science|cooking|crime|chess|
        gardening|economics) (today|minute|weekly|for kids|unplugged|matters)|planet <title noun>|how
        (bridges|bees|banks|clouds|trains) work""",
    "movie": """
        the <title adjective> <title noun>|the <title noun>|<title noun> (rising|returns|part two|three|
        forever)|(escape|return|journey) (from|to) <title place>|the (last|secret|perfect) (<title noun>|
        waltz|chef|spy|summer)|<first name>'s (secret|<title noun>|revenge|wedding)|(planet|city|night) of
        the <title noun>s""",
    "show": """
        (the <surname>s|the <surname> files|<title noun> falls|<title place> vice|doctor <surname>|judge
        <surname>|<title noun> bay|bake or break|the great <title noun>|detective <surname>|house
        <surname>|starship <title noun>|cooking with <first name>|<title adjective> <title noun>|<first
        name> & <first name>)""",
    "title": "<song>|<song>|<song> by <artist>",
    "query artist": "<artist>",
    "query album": "<album>|<album>|<album> by <artist>",
    "query track": "<title>",
    "query playlist": "<playlist>",
    "query podcast": "<podcast>",
    "query movie": "<movie>",
    "query tv_show": "<show>",
    "search_query": """
        <song>|<song>|<song> by <artist>|<song> by <artist>|<artist>|<artist>|[some] <genre> [music]|some
        <genre>|<album> by <artist>|something (by <artist>|relaxing|upbeat|cheerful|by <first name>
        <surname>)|[the] latest <podcast>|<podcast>|<movie>|<show>|<playlist mood> music|music (for|by)
        (<artist>|sleeping|dinner|kids)|the (news|radio|new <artist> single)|songs (by <artist>|from the
        (eighties|nineties|sixties))|radio <title noun>""",
    "class artist": "artist",
    "class album": "album",
    "class track": "song|song|track",
    "class playlist": "playlist",
    "class podcast": "podcast",
    "class movie": "movie",
    "class tv_show": "show|tv show",
    # Shopping and other lists
    "produce": """
        apples|bananas|oranges|lemons|limes|grapes|strawberries|blueberries|avocados|tomatoes|cherry
        tomatoes|cucumbers|onions|red onions|potatoes|sweet potatoes|carrots|celery|spinach|lettuce|kale|
        broccoli|mushrooms|bell peppers|zucchini|green beans|jalapeños|pears|peaches|plums|mangoes|kiwis|
        radishes|leeks|beets|parsnips|asparagus|brussels sprouts|eggplants|raspberries|cherries|basil|
        cilantro|parsley|mint|ginger|garlic|arugula""",
    "staple": """
        milk|oat milk|eggs|bread|butter|cheese|cheddar|yogurt|greek yogurt|cream cheese|sour cream|heavy
        cream|crème fraîche|feta|parmesan|mozzarella|chicken breasts|ground beef|bacon|sausages|ham|tofu|
        salmon|shrimp|turkey|hummus|pita bread|bagels|croissants|tortillas|almond milk|cottage cheese|rye
        bread|hot dog buns""",
    "packaged": """
        rice|brown rice|pasta|spaghetti|flour|sugar|brown sugar|olive oil|vinegar|soy sauce|ketchup|
        mustard|mayonnaise|peanut butter|jam|honey|maple syrup|cereal|oatmeal|granola|crackers|chips|
        salsa|black beans|chickpeas|lentils|tuna|coconut milk|tomato sauce|chicken broth|noodles|
        chocolate|cookies|popcorn|almonds|walnuts|raisins|coffee|coffee beans|tea bags|green tea|orange
        juice|apple juice|sparkling water|beer|red wine|white wine|lemonade|ginger ale|pickles|olives|hot
        sauce|baking powder|yeast|vanilla extract|cinnamon|black pepper|salt""",
    "food": "<produce>|<staple>|<packaged>|ice cream|frozen pizza|frozen peas|frozen fries|fish sticks",
    "household": """
        paper towels|toilet paper|dish soap|laundry detergent|fabric softener|trash bags|sponges|
        batteries|light bulbs|aluminum foil|plastic wrap|shampoo|conditioner|toothpaste|toothbrushes|
        dental floss|deodorant|razors|hand soap|tissues|band-aids|aspirin|vitamins|sunscreen|diapers|baby
        wipes|dog food|cat food|cat litter|birthday candles|gift wrap|tape|glue|stamps|envelopes|printer
        ink|pens|napkins|paper plates|bleach|dishwasher tablets|air freshener|matches|charcoal|potting
        soil|bird seed|vacuum bags|lighter fluid|(aa|aaa|double a|nine volt) batteries|furnace filters|
        coffee filters|water filters|extension cord|picture hooks""",
    "amount": """
        (some|more|organic|fresh|ripe|large|local|a few|a bag of|two bags of|a pound of|two pounds of|half
        a pound of|six|three|eight) <produce>|(some|more|organic|cheap|fresh|extra|two packs of|a pack of|
        low fat|smoked) <staple>|(some|more|organic|cheap|a box of|two boxes of|a jar of|three cans of|a
        can of|a bag of|a big bag of|gluten free|low sodium|good) <packaged>|(some|more|two packs of|a
        pack of|a box of|cheap|extra) <household>|a dozen eggs|(a gallon|two cartons|half a gallon|a
        quart) of (milk|oat milk|orange juice|cream)|(a six pack|a case|two bottles) of (beer|red wine|
        white wine|sparkling water|lemonade)|(a loaf|two loaves) of (bread|rye bread|sourdough)""",
    "shopping_list_item": """
        <food>|<food>|<food>|<household>|<amount>|<amount>|<amount>|<produce> and <staple>|<staple> and
        <packaged>|<produce> <produce> and <produce>|<food> for (<person>|lunch|dinner|breakfast|the
        party|the barbecue|the kids|taco night|the (soup|salad|pie|lasagna|smoothies))|<person>'s (cereal|
        snacks|shampoo|favorite cookies|birthday cake|lunch stuff|vitamins)|that <packaged> (<person>
        likes|we like|from last time)""",
    "task": """
        (call|email|text|pay|write to) (the (plumber|dentist|bank|landlord|doctor|school|electrician|vet|
        gardener)|<person>)|clean the (garage|attic|gutters|oven|fridge|bathroom|windows|closet|grill|fish
        tank)|tidy the (garage|attic|closet|desk|pantry)|paint the (fence|bathroom|hallway|shed|front
        door)|(renew|find|copy) the (passport|insurance|lease|car registration|parking permit)|(sign|
        print|scan|mail) the (tax form|lease|permission slip|invoice|contract)|water the (plants|roses|
        ferns|tomatoes|garden)|feed the (dog|cat|fish|chickens)|walk the dog|wash the (car|dog|curtains|
        dishes)|(book|cancel|confirm) (the (hotel|table|dentist|haircut|babysitter|flights|campsite)|a
        massage)|fix the (leaky faucet|door handle|bike|printer|squeaky door|shelf)|(replace|check) the
        (smoke alarm battery|light bulb|air filter|windshield wipers)|pick up (<person>|the dry cleaning|
        the package|the prescription|the cake|<food>)|drop off (the package|the donations|the library
        books|<person>)|(finish|start) the (report|homework|presentation|essay|scrapbook|puzzle)|(buy|
        wrap|order|choose) (<person>'s (birthday present|gift)|flowers for <person>)|(buy|order)
        (<household>|<amount>)|mow the lawn|change the sheets|do the laundry|take out the trash|back up
        the laptop|pack for the trip|bake a cake|plan <person>'s party|sweep the (porch|chimney|driveway)|
        rake the leaves|defrost the freezer""",
    "luggage": """
        tent|sleeping bag|flashlight|bug spray|hiking boots|rain jacket|passport|chargers|sunglasses|
        swimsuit|toothbrush|headphones|water bottle|first aid kit|travel pillow|warm socks|camera|
        umbrella|beach towels|(two|three|four) (sweaters|shirts|towels|blankets)|<person>'s (jacket|
        pajamas|teddy bear|goggles|phone charger)|card games|picnic blanket|fishing rod|map|snorkel|sun
        hat|power bank|ear plugs|marshmallows""",
    "item chores": "<task>",
    "item things": "<luggage>|<luggage>|<food>|<household>|<amount>",
    "name todo chores": """
        to do|to do|to-do|todo|tasks|chores|weekend|work|garden|school|house projects|diy|honey-do|moving|
        cleaning|monday|daily|weekly|friday|<person>'s|(<person>'s|family|kids|house|garden|office)
        (chores|tasks|homework|jobs)|(spring|fall|monday|daily|weekly|friday|sunday) (cleaning|tasks|
        chores)|renovation|errands|morning|urgent""",
    "name todo things": """
        packing|camping|hardware store|pharmacy|birthday|christmas|wish|holiday|vacation|party|gift|pet
        store|costco|farmers market|grocery|groceries|travel|picnic|road trip|barbecue|beach|(<person>'s|
        family|kids) (wish|packing|birthday|gift|grocery)|(camping|ski|beach|weekend) trip|drugstore|baby|
        emergency kit|bakery""",
    # Timers
    "dish": """
        pasta|pizza|rice|eggs|soft boiled eggs|lasagna|chicken|roast chicken|turkey|bread|sourdough|
        cookies|brownies|cake|banana bread|cupcakes|pie|muffins|soup|chili|stew|beans|potatoes|fries|
        broccoli|asparagus|salmon|steak|ribs|bacon|quinoa|pancakes|casserole|gravy|risotto|ramen|noodles|
        dumplings|tea|green tea|coffee|french press|crème brûlée|quiche|meatloaf|pot roast|veggies|garlic
        bread|yorkshire puddings|curry|popcorn|oatmeal""",
    "errand": """
        laundry|washing machine|dryer|dishwasher|nap|power nap|homework|piano practice|violin practice|
        workout|plank|yoga|meditation|stretching|break|lunch break|coffee break|meeting|phone call|screen
        time|tv time|bath|shower|teeth|toothbrush|time out|quiet time|reading time|study session|pomodoro|
        parking meter|parking|hair dye|face mask|sprinkler|hose|pool|grill|smoker|sauna|ice pack|medicine|
        pills|eye drops|dog walk|cat food|puppy potty|game|chess game|board game|bedtime|lights out|school
        run|bus|taxi|marinade|dough|proofing|second rise|oven|stove|slow cooker|pressure cooker|air fryer|
        kettle|microwave|freezer|paint|glue|varnish|photo|debate""",
    "timer_name": """
        <dish>|<dish>|<dish>|<errand>|<errand>|<errand>|(first|second|last) (batch|<dish>)|(roast|baked|
        fried|grilled|slow cooked) (chicken|potatoes|vegetables|fish|pork|lamb|peppers|turkey)|<person>'s
        (<errand>|turn|nap|homework|shift|bottle|<dish>)|(morning|evening|afternoon|bedroom|daily|big)
        <errand>|(take out|check|flip|stir|turn off|cover|baste) the <dish>|(pick up|call|wake) <person>""",
    "timer_command": """
        turn (on|off) [the] <name light>|turn (on|off) [the] <name light>|turn (off|on) [the] <name
        switch>|turn (off|on) [the] <name fan>|turn off all the lights|turn (off|on) the lights in the
        <room>|(close|open) [the] <name cover>|(lock|unlock) [the] <name lock>|(pause|stop|resume|start)
        the (music|tv|movie|vacuum|show|radio|mower)|play <search_query>|(dim|brighten) the <name light>|
        set the <name climate> to (sixty eight|seventy|20|21|19|65|68|72)|(set|turn) the volume to (ten|
        20|thirty percent|50)|mute [the] <name media_player>|(start|run) the <routine>|announce that
        <message>|tell (everyone|<person>) <message>|remind (me|<person>) to <task>|vacuum the <indoor
        room>|activate the <scene mood> scene|turn (up|down) the heat|open the <name valve>""",
    # Announcements
    "visitor": """
        <person>|the (babysitter|plumber|pizza|taxi|bus|vet|delivery|neighbor|electrician|piano teacher|
        package)|grandma""",
    "when": """
        now|soon|in (five|ten|fifteen|twenty|2|5|10|30) minutes|in (an hour|half an hour)|at (six|seven|
        eight|noon|5|7 pm)|tonight|tomorrow""",
    "message": """
        (dinner|lunch|breakfast|supper|dessert|the <dish>|the pizza) is (ready|almost ready|on the table|
        getting cold|served)|<visitor> (is here|has arrived|is at the door|is on the way|will be late|is
        waiting outside|just called)|(we are|we're|i'm|i am|<person> is) (leaving|going to bed|heading
        out|starting the movie|coming home|serving dinner|going to the store|making <dish>) [<when>]|(it
        is|it's) time (to (wake up|brush your teeth|do your homework|clean up|go|get ready for bed|feed
        the dog|set the table)|for (bed|school|dinner|a bath|piano practice|a nap))|it's (raining|snowing|
        bedtime|movie night|too loud|<person>'s turn to (cook|do the dishes|pick a movie|walk the dog))|
        (someone|somebody|whoever) left the (garage|fridge|back door|freezer|gate) open|(someone|somebody)
        left the (tap|light|oven|heater|tv) on|(someone|somebody|<person>) (needs to|should|please|has to)
        <task>|(please|everyone please|kids please|<person> please|<person>) (come (downstairs|upstairs|to
        the (kitchen|table|car)|inside|here)|put on your shoes|turn down the music|turn off the tv|be
        quiet|wash your hands|get ready|check your phone|bring me (a towel|the remote|<food>))|the
        (laundry|washing machine|dishwasher|dryer|movie|game|<dish>|bath|meeting) is (done|finished|over|
        about to start|starting <when>)|(happy birthday|good morning|good night|merry christmas|welcome
        home|congratulations|i love you|well done) (everyone|<person>|family|kids|my love)|(i need|can
        someone bring me|has anyone seen) (my (keys|phone|glasses|charger|wallet|shoes)|the (remote|
        scissors|ladder)|<person>'s (backpack|jacket|homework|phone))|(dinner|practice|the party|school|
        the meeting|the game|the storm) (starts|begins|ends|is) <when>""",
}
