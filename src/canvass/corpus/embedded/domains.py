"""Which intent of which domain a template belongs to, and how often each is asked for.

home-assistant-intents has one HassTurnOn for lamps, blinds and door locks alike, told apart by the kind of
device that a block of templates requires; here each kind has its own domain and intents, as a corpus for
annotation would have.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """An intent of ours: the package's intent it comes from, the kind of device, its weight in its domain."""

    domain: str
    intent: str
    source: str
    kind: str = ""
    weight: float = 1.0


# Share of each domain in the corpus; what a small domain cannot fill goes to the others.
SHARES: dict[str, float] = {
    "timers": 0.07,
    "lights": 0.14,
    "media": 0.15,
    "lists": 0.11,
    "climate": 0.075,
    "covers": 0.075,
    "messages": 0.055,
    "fans": 0.045,
    "locks": 0.045,
    "switches": 0.045,
    "scenes": 0.045,
    "sensors": 0.035,
    "cleaning": 0.025,
    "garden": 0.025,
    "people": 0.025,
    "weather": 0.022,
    "clock": 0.008,
    "chat": 0.005,
}

TABLE: tuple[Row, ...] = (
    Row("timers", "StartTimer", "HassStartTimer", weight=0.50),
    Row("timers", "GetTimerStatus", "HassTimerStatus", weight=0.14),
    Row("timers", "CancelTimer", "HassCancelTimer", weight=0.11),
    Row("timers", "IncreaseTimer", "HassIncreaseTimer", weight=0.08),
    Row("timers", "DecreaseTimer", "HassDecreaseTimer", weight=0.05),
    Row("timers", "PauseTimer", "HassPauseTimer", weight=0.05),
    Row("timers", "ResumeTimer", "HassUnpauseTimer", weight=0.04),
    Row("timers", "CancelAllTimers", "HassCancelAllTimers", weight=0.03),
    Row("lights", "TurnOnLight", "HassTurnOn", "light", 3),
    Row("lights", "TurnOffLight", "HassTurnOff", "light", 3),
    Row("lights", "SetLight", "HassLightSet", weight=4),
    Row("lights", "GetLightState", "HassGetState", "light", 1),
    Row("media", "PlayMedia", "HassMediaSearchAndPlay", weight=8),
    Row("media", "PauseMedia", "HassMediaPause"),
    Row("media", "ResumeMedia", "HassMediaUnpause", weight=0.7),
    Row("media", "NextTrack", "HassMediaNext"),
    Row("media", "PreviousTrack", "HassMediaPrevious", weight=0.6),
    Row("media", "SetVolume", "HassSetVolume", weight=1.5),
    Row("media", "ChangeVolume", "HassSetVolumeRelative", weight=1.5),
    Row("media", "Mute", "HassMediaPlayerMute", weight=0.5),
    Row("media", "Unmute", "HassMediaPlayerUnmute", weight=0.3),
    Row("media", "TurnOnPlayer", "HassTurnOn", "media_player"),
    Row("media", "TurnOffPlayer", "HassTurnOff", "media_player"),
    Row("media", "GetPlayerState", "HassGetState", "media_player", 0.2),
    Row("lists", "AddToShoppingList", "HassShoppingListAddItem", weight=4),
    Row("lists", "CheckOffShoppingList", "HassShoppingListCompleteItem", weight=1.5),
    Row("lists", "AddToList", "HassListAddItem", weight=3),
    Row("lists", "CheckOffList", "HassListCompleteItem", weight=1.5),
    Row("lists", "RemoveFromList", "HassListRemoveItem"),
    Row("climate", "SetTemperature", "HassClimateSetTemperature", weight=4),
    Row("climate", "GetTemperature", "HassClimateGetTemperature", weight=3),
    Row("climate", "SetFanMode", "HassClimateSetFanMode", weight=1.5),
    Row("climate", "TurnOnClimate", "HassTurnOn", "climate"),
    Row("climate", "TurnOffClimate", "HassTurnOff", "climate"),
    Row("climate", "GetClimateState", "HassGetState", "climate", 0.3),
    Row("covers", "OpenCover", "HassTurnOn", "cover", 3),
    Row("covers", "CloseCover", "HassTurnOff", "cover", 3),
    Row("covers", "SetCoverPosition", "HassSetPosition", "cover", 2),
    Row("covers", "GetCoverState", "HassGetState", "cover", 2),
    Row("messages", "Announce", "HassBroadcast"),
    Row("fans", "TurnOnFan", "HassTurnOn", "fan", 2),
    Row("fans", "TurnOffFan", "HassTurnOff", "fan", 2),
    Row("fans", "SetFanSpeed", "HassFanSetSpeed", weight=2),
    Row("fans", "GetFanState", "HassGetState", "fan"),
    Row("locks", "Lock", "HassTurnOn", "lock", 2),
    Row("locks", "Unlock", "HassTurnOff", "lock", 2),
    Row("locks", "GetLockState", "HassGetState", "lock", 2),
    Row("switches", "TurnOnSwitch", "HassTurnOn", "switch", 3),
    Row("switches", "TurnOffSwitch", "HassTurnOff", "switch", 3),
    Row("switches", "TurnOnMode", "HassTurnOn", "input_boolean"),
    Row("switches", "TurnOffMode", "HassTurnOff", "input_boolean"),
    Row("switches", "GetSwitchState", "HassGetState", "switch", 1.5),
    Row("scenes", "ActivateScene", "HassTurnOn", "scene", 3),
    Row("scenes", "RunScript", "HassTurnOn", "script", 2),
    Row("scenes", "PressButton", "HassTurnOn", "button", 1.5),
    Row("sensors", "GetSensor", "HassGetState", "sensor", 2),
    Row("sensors", "GetBinarySensor", "HassGetState", "binary_sensor", 2),
    Row("cleaning", "CleanArea", "HassVacuumCleanArea", weight=3),
    Row("cleaning", "StartVacuum", "HassVacuumStart", weight=2),
    Row("cleaning", "ReturnVacuum", "HassVacuumReturnToBase"),
    Row("garden", "StartMowing", "HassLawnMowerStartMowing"),
    Row("garden", "DockMower", "HassLawnMowerDock"),
    Row("garden", "OpenValve", "HassTurnOn", "valve"),
    Row("garden", "CloseValve", "HassTurnOff", "valve"),
    Row("garden", "SetValvePosition", "HassSetPosition", "valve", 0.5),
    Row("garden", "GetValveState", "HassGetState", "valve", 0.5),
    Row("people", "GetWhereabouts", "HassGetState", "person"),
    Row("weather", "GetWeather", "HassGetWeather"),
    Row("clock", "GetTime", "HassGetCurrentTime", weight=2),
    Row("clock", "GetDate", "HassGetCurrentDate"),
    Row("chat", "SmallTalk", "HassRespond", weight=3),
    Row("chat", "NeverMind", "HassNevermind"),
)

# How often a combination of slots is asked for, by intent; "*" is each of the rest. People mostly say the
# simple thing: of all the ways to shorten a timer most are hardly heard, and a small labelled set lacks them.
COMBINATIONS: dict[str, dict[str, float]] = {
    "StartTimer": {
        "minutes_only": 36,
        "hours_only": 9,
        "seconds_only": 6,
        "hours_minutes": 6,
        "minutes_seconds": 2.5,
        "name_minutes": 14,
        "name_hours": 3,
        "command_minutes": 7,
        "command_hours": 3,
        "command_seconds": 1.5,
        "*": 0.9,
    },
    "GetTimerStatus": {"default": 4, "name_only": 4, "minutes_only": 2, "*": 1},
    "CancelTimer": {"default": 3, "name_only": 4, "minutes_only": 2, "*": 1},
    "PauseTimer": {"default": 3, "name_only": 4, "minutes_only": 2, "*": 1},
    "ResumeTimer": {"default": 3, "name_only": 4, "minutes_only": 2, "*": 1},
    "IncreaseTimer": {"minutes_only": 9, "name_minutes": 6, "hours_only": 2, "seconds_only": 2, "*": 0.8},
    "DecreaseTimer": {"minutes_only": 12, "name_minutes": 8, "hours_only": 3, "seconds_only": 3, "*": 0.7},
    "SetLight": {"area_brightness": 4, "name_brightness": 4, "area_color": 3, "name_color": 3, "*": 1},
    "PlayMedia": {"default": 5, "area_only": 2, "name_only": 3, "media_class_only": 3, "*": 1},
    "GetWeather": {"name_only": 6, "*": 1},
    # A mode is the whole house's.
    "TurnOnMode": {"name_only": 1, "*": 0},
    "TurnOffMode": {"name_only": 1, "*": 0},
    "GetBinarySensor": {"name_state": 5, "*": 0.4},
    "GetCoverState": {"name_state": 4, "*": 1},
    "GetLockState": {"name_state": 4, "*": 1},
    "GetWhereabouts": {"name_where": 6, "name_zone": 8, "*": 1},
}
